// Grpcprobe asks a server the way tools do: its health (Check, and Watch until the stream ends) and, by reflection,
// its services and the whole descriptor of one method. It prints one JSON object.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// Report is what the program prints.
type Report struct {
	Health   map[string]string   `json:"health"`
	Watched  []string            `json:"watched"`
	Services []string            `json:"services"`
	Fields   map[string][]string `json:"fields"`
	Missing  string              `json:"missing"`
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(client grpc_health_v1.HealthClient, service string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	answer, err := client.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: service})
	if err != nil {
		return status.Code(err).String()
	}
	return answer.Status.String()
}

func watch(client grpc_health_v1.HealthClient) []string {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	stream, err := client.Watch(ctx, &grpc_health_v1.HealthCheckRequest{})
	must(err)
	var seen []string
	for {
		answer, err := stream.Recv()
		if err != nil {
			return append(seen, status.Code(err).String())
		}
		seen = append(seen, answer.Status.String())
		if len(seen) == 1 {
			fmt.Fprintln(os.Stderr, "watching")
		}
	}
}

type asker struct {
	stream grpc_reflection_v1.ServerReflection_ServerReflectionInfoClient
}

func (a asker) ask(request *grpc_reflection_v1.ServerReflectionRequest) *grpc_reflection_v1.ServerReflectionResponse {
	must(a.stream.Send(request))
	answer, err := a.stream.Recv()
	must(err)
	return answer
}

func main() {
	address := flag.String("address", "", "host:port")
	roots := flag.String("roots", "", "PEM file")
	service := flag.String("service", "", "service to describe")
	watching := flag.Bool("watch", false, "watch health until the server ends it")
	flag.Parse()
	bundle, err := os.ReadFile(*roots)
	must(err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(bundle)
	connection, err := grpc.NewClient(*address, grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: pool, ServerName: "localhost"})))
	must(err)
	defer connection.Close()

	health := grpc_health_v1.NewHealthClient(connection)
	report := Report{Fields: map[string][]string{}}
	report.Health = map[string]string{"": check(health, ""), *service: check(health, *service), "nobody": check(health, "nobody")}
	if *watching {
		report.Watched = watch(health)
		json.NewEncoder(os.Stdout).Encode(report)
		return
	}

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	stream, err := grpc_reflection_v1.NewServerReflectionClient(connection).ServerReflectionInfo(ctx)
	must(err)
	a := asker{stream}
	for _, one := range a.ask(&grpc_reflection_v1.ServerReflectionRequest{
		MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{ListServices: "*"},
	}).GetListServicesResponse().GetService() {
		report.Services = append(report.Services, one.Name)
	}
	report.Missing = a.ask(&grpc_reflection_v1.ServerReflectionRequest{
		MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: "no.Such"},
	}).GetErrorResponse().GetErrorMessage()
	set := &descriptorpb.FileDescriptorSet{}
	for _, bytes := range a.ask(&grpc_reflection_v1.ServerReflectionRequest{
		MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: *service},
	}).GetFileDescriptorResponse().GetFileDescriptorProto() {
		file := &descriptorpb.FileDescriptorProto{}
		must(proto.Unmarshal(bytes, file))
		set.File = append(set.File, file)
	}
	files, err := protodesc.NewFiles(set)
	must(err)
	found, err := files.FindDescriptorByName(protoreflect.FullName(*service))
	must(err)
	methods := found.(protoreflect.ServiceDescriptor).Methods()
	for i := range methods.Len() {
		for _, message := range []protoreflect.MessageDescriptor{methods.Get(i).Input(), methods.Get(i).Output()} {
			for j := range message.Fields().Len() {
				field := message.Fields().Get(j)
				report.Fields[string(message.FullName())] = append(report.Fields[string(message.FullName())],
					fmt.Sprintf("%d %s %s %s", field.Number(), field.Name(), field.Cardinality(), field.Kind()))
			}
		}
	}
	json.NewEncoder(os.Stdout).Encode(report)
}
