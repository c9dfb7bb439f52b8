module countersign.test/judges

go 1.24.0

require (
	github.com/bufbuild/protocompile v0.14.1
	github.com/go-jose/go-jose/v4 v4.1.3
	github.com/grpc-ecosystem/go-grpc-middleware/v2 v2.3.2
	github.com/spiffe/go-spiffe/v2 v2.6.0
	golang.org/x/crypto v0.41.0
	google.golang.org/grpc v1.76.0
	google.golang.org/protobuf v1.36.7
	istio.io/api v1.28.0
)

require (
	github.com/golang/protobuf v1.5.4 // indirect
	golang.org/x/net v0.43.0 // indirect
	golang.org/x/sync v0.16.0 // indirect
	golang.org/x/sys v0.35.0 // indirect
	golang.org/x/text v0.28.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20250811230008-5f3141c8851a // indirect
)
