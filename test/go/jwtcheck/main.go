// Jwtcheck is go-jose's opinion of bearer tokens. It reads JSON from stdin: a JWK set, what to demand, and tokens;
// it writes one verdict per token, empty when the token is good.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

type input struct {
	Keys       jose.JSONWebKeySet `json:"keys"`
	Algorithms []string           `json:"algorithms"`
	Issuer     string             `json:"issuer"`
	Audience   string             `json:"audience"`
	Now        int64              `json:"now"`
	Leeway     int64              `json:"leeway"`
	Tokens     []string           `json:"tokens"`
}

// verify picks the key by kid; without one it tries all, as go-oidc does.
func verify(in *input, parsed *jwt.JSONWebToken, claims *jwt.Claims) error {
	if parsed.Headers[0].KeyID != "" {
		return parsed.Claims(in.Keys, claims)
	}
	for _, key := range in.Keys.Keys {
		if parsed.Claims(key, claims) == nil {
			return nil
		}
	}
	return fmt.Errorf("no key verifies it")
}

func check(in *input, algorithms []jose.SignatureAlgorithm, token string) error {
	parsed, err := jwt.ParseSigned(token, algorithms)
	if err != nil {
		return err
	}
	var claims jwt.Claims
	if err := verify(in, parsed, &claims); err != nil {
		return err
	}
	if claims.Expiry == nil {
		return fmt.Errorf("no exp")
	}
	if claims.Subject == "" {
		return fmt.Errorf("no sub")
	}
	return claims.ValidateWithLeeway(jwt.Expected{
		Issuer:      in.Issuer,
		AnyAudience: jwt.Audience{in.Audience},
		Time:        time.Unix(in.Now, 0),
	}, time.Duration(in.Leeway)*time.Second)
}

func main() {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var algorithms []jose.SignatureAlgorithm
	for _, name := range in.Algorithms {
		algorithms = append(algorithms, jose.SignatureAlgorithm(name))
	}
	verdicts := make([]string, len(in.Tokens))
	for i, token := range in.Tokens {
		if err := check(&in, algorithms, token); err != nil {
			verdicts[i] = err.Error()
		}
	}
	json.NewEncoder(os.Stdout).Encode(verdicts)
}
