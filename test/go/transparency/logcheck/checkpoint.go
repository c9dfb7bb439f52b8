package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"strings"

	"github.com/transparency-dev/formats/log"
	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Head is what a signed checkpoint says.
type Head struct {
	Origin string `json:"origin"`
	Size   uint64 `json:"size"`
	Root   string `json:"root"`
	// Signatures whose keys are not known here.
	Others int `json:"others"`
}

// readVerifier takes a vkey, or a file whose only line is one. Ed25519 is x/mod's own; the rest comes from formats.
func readVerifier(word string) (note.Verifier, error) {
	vkey := word
	if octets, err := os.ReadFile(word); err == nil {
		vkey = strings.TrimSpace(string(octets))
	}
	return fnote.NewVerifier(vkey)
}

func open(octets []byte, verifier note.Verifier) (*log.Checkpoint, *note.Note, error) {
	// A witness signs with a name of its own; a log with its origin.
	signed, err := note.Open(octets, note.VerifierList(verifier))
	if err != nil {
		return nil, nil, err
	}
	checkpoint := &log.Checkpoint{}
	if _, err := checkpoint.Unmarshal([]byte(signed.Text)); err != nil {
		return nil, nil, err
	}
	return checkpoint, signed, nil
}

func openOfLog(octets []byte, verifier note.Verifier) (*log.Checkpoint, error) {
	checkpoint, _, err := open(octets, verifier)
	if err != nil {
		return nil, err
	}
	if checkpoint.Origin != verifier.Name() {
		return nil, fmt.Errorf("the checkpoint is of %q, the key of %q", checkpoint.Origin, verifier.Name())
	}
	return checkpoint, nil
}

func headOf(checkpoint *log.Checkpoint) Head {
	return Head{Origin: checkpoint.Origin, Size: checkpoint.Size, Root: base64.StdEncoding.EncodeToString(checkpoint.Hash)}
}

func openCheckpoint(_ context.Context, words []string) (any, error) {
	verifier, err := readVerifier(words[0])
	if err != nil {
		return nil, err
	}
	octets, err := os.ReadFile(words[1])
	if err != nil {
		return nil, err
	}
	checkpoint, signed, err := open(octets, verifier)
	if err != nil {
		return nil, err
	}
	head := headOf(checkpoint)
	head.Others = len(signed.UnverifiedSigs)
	return head, nil
}

func treeOf(checkpoint *log.Checkpoint) (tlog.Tree, error) {
	if len(checkpoint.Hash) != tlog.HashSize {
		return tlog.Tree{}, fmt.Errorf("a root of %d octets", len(checkpoint.Hash))
	}
	return tlog.Tree{N: int64(checkpoint.Size), Hash: tlog.Hash(checkpoint.Hash)}, nil
}
