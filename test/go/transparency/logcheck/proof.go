package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	tlogproof "github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/tlog"
)

// Proven says where a certificate stands in which log.
type Proven struct {
	Head
	Index  uint64 `json:"index"`
	SHA256 string `json:"sha256"`
}

// entry is all that has to be known of a record: which certificate it is of.
type entry struct {
	Outcome     string `json:"outcome"`
	Certificate struct {
		SHA256 string `json:"sha256"`
	} `json:"certificate"`
}

func checkProof(_ context.Context, words []string) (any, error) {
	verifier, err := readVerifier(words[0])
	if err != nil {
		return nil, err
	}
	octets, err := os.ReadFile(words[1])
	if err != nil {
		return nil, err
	}
	sum, err := certificateSum(words[2])
	if err != nil {
		return nil, err
	}
	var given tlogproof.TLogProof
	if err := given.Unmarshal(octets); err != nil {
		return nil, err
	}
	if given.ExtraData == nil {
		return nil, errors.New("the proof does not bring the entry")
	}
	checkpoint, err := openOfLog(given.Checkpoint, verifier)
	if err != nil {
		return nil, err
	}
	leaf := rfc6962.DefaultHasher.HashLeaf(given.ExtraData)
	var hashes [][]byte
	var steps tlog.RecordProof
	for _, hash := range given.Hashes {
		hashes = append(hashes, hash[:])
		steps = append(steps, tlog.Hash(hash))
	}
	if err := proof.VerifyInclusion(rfc6962.DefaultHasher, given.Index, checkpoint.Size, leaf, hashes, checkpoint.Hash); err != nil {
		return nil, err
	}
	tree, err := treeOf(checkpoint)
	if err != nil {
		return nil, err
	}
	if err := tlog.CheckRecord(steps, tree.N, tree.Hash, int64(given.Index), tlog.RecordHash(given.ExtraData)); err != nil {
		return nil, err
	}
	// Only now may the entry be believed.
	var record entry
	if err := json.Unmarshal(given.ExtraData, &record); err != nil {
		return nil, err
	}
	if record.Outcome != "success" || record.Certificate.SHA256 != sum {
		return nil, fmt.Errorf("entry %d is of another certificate", given.Index)
	}
	return Proven{headOf(checkpoint), given.Index, sum}, nil
}

func certificateSum(file string) (string, error) {
	octets, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	block, _ := pem.Decode(octets)
	if block == nil || block.Type != "CERTIFICATE" {
		return "", fmt.Errorf("%s: no certificate in PEM", file)
	}
	sum := sha256.Sum256(block.Bytes)
	return hex.EncodeToString(sum[:]), nil
}
