// Reads SPIFFE IDs, one a line in hex, and answers each with "ok" or "no" as go-spiffe sees it.
package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	answers := bufio.NewWriter(os.Stdout)
	defer answers.Flush()
	for lines.Scan() {
		text, err := hex.DecodeString(lines.Text())
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		if id, err := spiffeid.FromString(string(text)); err == nil && id.String() == string(text) {
			fmt.Fprintln(answers, "ok")
		} else {
			fmt.Fprintln(answers, "no")
		}
	}
}
