// Logcheck judges a tiled log (C2SP tlog-tiles) with other people's libraries alone: golang.org/x/mod, and formats, merkle
// and Tessera's fsck by transparency-dev. It knows nothing of whoever wrote the log but the vkey that it is given.
//
//	logcheck log VKEY SOURCE                   every bundle and tile, the root, the signature
//	logcheck consistent VKEY OLDER SOURCE      the checkpoint in OLDER is a beginning of the log
//	logcheck proof VKEY PROOF CERTIFICATE      the certificate is the one in the entry that PROOF proves (tlog-proof)
//	logcheck opens VKEY CHECKPOINT             the checkpoint is signed by that key
//	logcheck witnessed POLICY FILE             whether the checkpoint or proof has the quorum of a trust policy (tlog-policy)
//	logcheck cosign KIND NAME VKEY CHECKPOINT  the log's checkpoint, cosigned by a new key of ed25519 or ml-dsa-44
//
// VKEY is a vkey or a file with one, SOURCE a folder or a URL. One JSON object on standard output and exit code 0, or
// what is wrong on standard error and 1.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Fsck hangs where what it reads does not hold together; so does a server that never answers.
const patience = 2 * time.Minute

var commands = map[string]struct {
	words int
	run   func(ctx context.Context, words []string) (any, error)
}{
	"log":        {2, checkLog},
	"consistent": {3, checkConsistency},
	"proof":      {3, checkProof},
	"opens":      {2, openCheckpoint},
	"witnessed":  {2, checkWitnesses},
	"cosign":     {4, cosign},
}

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("what is to be checked?"))
	}
	command, known := commands[os.Args[1]]
	words := os.Args[2:]
	if !known || len(words) != command.words {
		fail(fmt.Errorf("%q with %d words is nothing that is known here", os.Args[1], len(words)))
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	found, err := command.run(ctx, words)
	if err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "logcheck:", err)
	os.Exit(1)
}
