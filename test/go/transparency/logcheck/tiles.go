package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/tlog"
)

// A worker ends with the first thing that it finds, and fsck waits for ever where none is left.
const workers = 64

func openSource(word string) (fsck.Fetcher, error) {
	if !strings.Contains(word, "://") {
		return &client.FileFetcher{Root: word}, nil
	}
	address, err := url.Parse(word)
	if err != nil {
		return nil, err
	}
	return client.NewHTTPFetcher(address, nil)
}

func checkLog(ctx context.Context, words []string) (any, error) {
	verifier, err := readVerifier(words[0])
	if err != nil {
		return nil, err
	}
	source, err := openSource(words[1])
	if err != nil {
		return nil, err
	}
	// The log may grow under our eyes: what is judged is one checkpoint.
	fixed, err := fix(ctx, source)
	if err != nil {
		return nil, err
	}
	checkpoint, err := openOfLog(fixed.checkpoint, verifier)
	if err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() {
		// It reads past the end of a bundle that holds too few entries.
		defer func() {
			if problem := recover(); problem != nil {
				ended <- fmt.Errorf("fsck could not go on: %v", problem)
			}
		}()
		ended <- fsck.New(verifier.Name(), verifier, fixed, leafHashes, fsck.Opts{N: workers}).Check(ctx)
	}()
	select {
	case err = <-ended:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	return headOf(checkpoint), nil
}

// leafHashes is what Tessera's own fsck does with the bundles of a log that is not Certificate Transparency's.
func leafHashes(octets []byte) ([][]byte, error) {
	bundle := api.EntryBundle{}
	if err := bundle.UnmarshalText(octets); err != nil {
		return nil, err
	}
	var hashes [][]byte
	for _, entry := range bundle.Entries {
		hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(entry))
	}
	return hashes, nil
}

type fixedCheckpoint struct {
	fsck.Fetcher
	checkpoint []byte
}

func fix(ctx context.Context, source fsck.Fetcher) (*fixedCheckpoint, error) {
	octets, err := source.ReadCheckpoint(ctx)
	return &fixedCheckpoint{source, octets}, err
}

func (f *fixedCheckpoint) ReadCheckpoint(context.Context) ([]byte, error) { return f.checkpoint, nil }

// Grown says from which size to which a log went.
type Grown struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
}

func checkConsistency(ctx context.Context, words []string) (any, error) {
	verifier, err := readVerifier(words[0])
	if err != nil {
		return nil, err
	}
	kept, err := os.ReadFile(words[1])
	if err != nil {
		return nil, err
	}
	older, err := openOfLog(kept, verifier)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", words[1], err)
	}
	source, err := openSource(words[2])
	if err != nil {
		return nil, err
	}
	fixed, err := fix(ctx, source)
	if err != nil {
		return nil, err
	}
	newer, err := openOfLog(fixed.checkpoint, verifier)
	if err != nil {
		return nil, err
	}
	if newer.Size < older.Size {
		return nil, fmt.Errorf("the log had %d entries and has %d", older.Size, newer.Size)
	}
	var hashes [][]byte
	if older.Size > 0 && older.Size < newer.Size {
		builder, err := client.NewProofBuilder(ctx, newer.Size, source.ReadTile)
		if err != nil {
			return nil, err
		}
		if hashes, err = builder.ConsistencyProof(ctx, older.Size, newer.Size); err != nil {
			return nil, err
		}
	}
	if err := proof.VerifyConsistency(rfc6962.DefaultHasher, older.Size, newer.Size, hashes, older.Hash, newer.Hash); err != nil {
		return nil, err
	}
	if older.Size > 0 {
		if err := checkTree(newer.Size, newer.Hash, older.Size, older.Hash, hashes); err != nil {
			return nil, err
		}
	}
	return Grown{older.Size, newer.Size}, nil
}

// checkTree asks x/mod the same.
func checkTree(newer uint64, newerRoot []byte, older uint64, olderRoot []byte, hashes [][]byte) error {
	if older == newer {
		return nil
	}
	var steps tlog.TreeProof
	for _, hash := range hashes {
		steps = append(steps, tlog.Hash(hash))
	}
	return tlog.CheckTree(steps, int64(newer), tlog.Hash(newerRoot), int64(older), tlog.Hash(olderRoot))
}
