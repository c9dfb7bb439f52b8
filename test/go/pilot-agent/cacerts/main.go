// Cacerts does with a folder what istiod does with the Secret `cacerts` that is mounted there: Istio's own packages verify
// it, and sign a workload's CSR with it. Each further folder is what the mount becomes while istiod runs. An order comes in
// as JSON, an outcome for each folder goes out as JSON; a refusal is an outcome too.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"istio.io/istio/security/pkg/pki/ca"
	"istio.io/istio/security/pkg/pki/util"
)

// Order is who asks istiod, and what it finds in its mount, in this order.
type Order struct {
	// PEM.
	CSR string `json:"csr"`
	// The SPIFFE ID that the caller was proven to have.
	Identity string   `json:"identity"`
	Folders  []string `json:"folders"`
}

// Outcome is how istiod stands after it saw a folder.
type Outcome struct {
	// Why it is not taken; empty where it is.
	Refused string `json:"refused"`
	// What the workload is answered, by what was taken last: leaf, the chain one by one, all roots in the last element.
	Chain []string `json:"chain"`
}

func main() {
	var order Order
	if err := json.NewDecoder(os.Stdin).Decode(&order); err != nil {
		fmt.Fprintln(os.Stderr, "cacerts:", err)
		os.Exit(2)
	}
	outcomes := []Outcome{}
	var authority *ca.IstioCA
	for _, folder := range order.Folders {
		outcome := Outcome{Chain: []string{}}
		taken, err := mounted(authority, folder)
		if err == nil {
			authority = taken
		} else {
			outcome.Refused = err.Error()
		}
		if authority != nil {
			if outcome.Chain, err = answer(authority, order); err != nil {
				outcome.Refused += "signing: " + err.Error()
			}
		}
		outcomes = append(outcomes, outcome)
	}
	if err := json.NewEncoder(os.Stdout).Encode(outcomes); err != nil {
		fmt.Fprintln(os.Stderr, "cacerts:", err)
		os.Exit(2)
	}
}

// answer is what the door of istiod makes of a signature.
func answer(authority *ca.IstioCA, order Order) ([]string, error) {
	leaf, err := authority.Sign([]byte(order.CSR), ca.CertOpts{SubjectIDs: []string{order.Identity}})
	if err != nil {
		return []string{}, err
	}
	_, _, above, roots := authority.GetCAKeyCertBundle().GetAllPem()
	chain := util.PemCertBytestoString(append(leaf, above...))
	for i := range chain {
		chain[i] += "\n"
	}
	return append(chain, string(roots)), nil
}
