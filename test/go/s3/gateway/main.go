// An S3 server on a folder: the gateway of Versity, as its package for embedding runs it, with versions and object lock, one
// account (ROOT_ACCESS_KEY, ROOT_SECRET_KEY), and none of its other backends, whose modules take longer to compile than all of
// this. What it keeps beside files (versions, locks, checksums) lies in folders too: not every file system has attributes.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

func main() {
	listen := flag.String("listen", "", "HOST:PORT")
	folder := flag.String("folder", "", "where buckets lie")
	region := flag.String("region", "us-east-1", "that requests are signed for")
	certificate := flag.String("certificate", "", "PEM; plain HTTP without one")
	key := flag.String("key", "", "PEM")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, *folder, embedgw.Config{
		RootUserAccess:    os.Getenv("ROOT_ACCESS_KEY"),
		RootUserSecret:    os.Getenv("ROOT_SECRET_KEY"),
		Region:            *region,
		Ports:             []string{*listen},
		CertFile:          *certificate,
		KeyFile:           *key,
		MaxConnections:    256,
		MaxRequests:       256,
		MultipartMaxParts: 10_000,
		Quiet:             true,
		KeepAlive:         true,
	}); err != nil {
		log.Fatal(err)
	}
}

func serve(ctx context.Context, folder string, config embedgw.Config) error {
	paths := map[string]string{}
	for _, each := range []string{"buckets", "versions", "attributes"} {
		paths[each] = filepath.Join(folder, each)
		if err := os.MkdirAll(paths[each], 0o700); err != nil {
			return err
		}
	}
	beside, err := meta.NewSideCar(paths["attributes"])
	if err != nil {
		return err
	}
	files, err := posix.New(paths["buckets"], beside, posix.PosixOpts{
		VersioningDir:       paths["versions"],
		SideCarDir:          paths["attributes"],
		ValidateBucketNames: true,
		Concurrency:         64,
	})
	if err != nil {
		return err
	}
	return embedgw.RunVersityGW(ctx, files, &config)
}
