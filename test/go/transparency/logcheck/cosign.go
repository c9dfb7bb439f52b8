package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"

	fnote "github.com/transparency-dev/formats/note"
	tlogproof "github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/formats/witness"
	"golang.org/x/mod/sumdb/note"
)

// Cosigned is a checkpoint with one signature more, by a key that was made for it.
type Cosigned struct {
	VKey       string `json:"vkey"`
	Checkpoint string `json:"checkpoint"`
}

func newCosigner(kind, name string) (note.Signer, string, error) {
	switch kind {
	case "ed25519":
		skey, plain, err := note.GenerateKey(rand.Reader, name)
		if err != nil {
			return nil, "", err
		}
		vkey, err := fnote.VKeyToCosignatureV1(plain)
		if err != nil {
			return nil, "", err
		}
		signer, err := fnote.NewSignerForCosignatureV1(skey)
		return signer, vkey, err
	case "ml-dsa-44":
		skey, vkey, err := fnote.GenerateMLDSAKey(name)
		if err != nil {
			return nil, "", err
		}
		signer, err := fnote.NewSignerForCosignatureV1(skey)
		return signer, vkey, err
	default:
		return nil, "", fmt.Errorf("%q is no kind of key", kind)
	}
}

func cosign(_ context.Context, words []string) (any, error) {
	signer, vkey, err := newCosigner(words[0], words[1])
	if err != nil {
		return nil, err
	}
	log, err := readVerifier(words[2])
	if err != nil {
		return nil, err
	}
	octets, err := os.ReadFile(words[3])
	if err != nil {
		return nil, err
	}
	signed, err := note.Open(octets, note.VerifierList(log))
	if err != nil {
		return nil, err
	}
	cosigned, err := note.Sign(signed, signer)
	if err != nil {
		return nil, err
	}
	return Cosigned{vkey, string(cosigned)}, nil
}

// Witnessed says whether a policy holds.
type Witnessed struct {
	Witnessed bool `json:"witnessed"`
}

func checkWitnesses(_ context.Context, words []string) (any, error) {
	text, err := os.ReadFile(words[0])
	if err != nil {
		return nil, err
	}
	policy, err := witness.ParsePolicy(text)
	if err != nil {
		return nil, err
	}
	octets, err := os.ReadFile(words[1])
	if err != nil {
		return nil, err
	}
	var proof tlogproof.TLogProof
	if proof.Unmarshal(octets) == nil {
		octets = proof.Checkpoint
	}
	return Witnessed{policy.Satisfied(octets)}, nil
}
