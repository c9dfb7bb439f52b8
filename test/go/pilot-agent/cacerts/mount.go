package main

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"istio.io/istio/pilot/pkg/features"
	"istio.io/istio/security/pkg/cmd"
	"istio.io/istio/security/pkg/pki/ca"
)

// Which files are read, what makes a set whole and which new roots are taken stands in pilot/pkg/bootstrap/istio_ca.go,
// which nobody can call without the rest of istiod. Here are these rules once more, in words of ours.

const rsaBits = 2048

// mounted takes a folder at the start (running is nil), or as a change of the one that is in use.
func mounted(running *ca.IstioCA, folder string) (*ca.IstioCA, error) {
	files := filesIn(folder)
	if running != nil {
		return running, update(running, files)
	}
	if err := demandWhole(files); err != nil {
		return nil, err
	}
	if features.UseCacertsForSelfSignedCA && exists(filepath.Join(folder, ca.IstioGenerated)) {
		return nil, fmt.Errorf("%s: taken for the Secret of a self-signed CA of istiod's own", ca.IstioGenerated)
	}
	options, err := ca.NewPluggedCertIstioCAOptions(files, cmd.DefaultWorkloadCertTTL, cmd.DefaultMaxWorkloadCertTTL, rsaBits)
	if err != nil {
		return nil, err
	}
	return ca.NewIstioCA(options)
}

// filesIn chooses the layout: one file decides.
func filesIn(folder string) ca.SigningCAFileBundle {
	in := func(name string) string { return filepath.Join(folder, name) }
	if tls := in(ca.TLSSecretCACertFile); exists(tls) {
		root := in(ca.TLSSecretRootCertFile)
		return ca.SigningCAFileBundle{
			SigningCertFile: tls,
			SigningKeyFile:  in(ca.TLSSecretCAPrivateKeyFile),
			CertChainFiles:  []string{tls, root},
			RootCertFile:    root,
		}
	}
	files := ca.SigningCAFileBundle{
		SigningCertFile: in(ca.CACertFile),
		SigningKeyFile:  in(ca.CAPrivateKeyFile),
		CertChainFiles:  []string{in(ca.CertChainFile)},
		RootCertFile:    in(ca.RootCertFile),
	}
	if crl := in(ca.CACRLFile); features.EnableCACRL && exists(crl) {
		files.CRLFile = crl
	}
	return files
}

func demandWhole(files ca.SigningCAFileBundle) error {
	var missing []string
	for _, file := range []string{files.SigningCertFile, files.SigningKeyFile, files.CertChainFiles[0], files.RootCertFile} {
		if !exists(file) {
			missing = append(missing, filepath.Base(file))
		}
	}
	switch len(missing) {
	case 0:
		return nil
	case 4:
		return errors.New("no files: istiod makes a CA of its own")
	default:
		return fmt.Errorf("incomplete: there is no %v", missing)
	}
}

func update(running *ca.IstioCA, files ca.SigningCAFileBundle) error {
	roots, err := os.ReadFile(files.RootCertFile)
	if err != nil {
		return err
	}
	bundle := running.GetCAKeyCertBundle()
	if now := bundle.GetRootCertPem(); !bytes.Equal(now, roots) {
		if !features.MultiRootMesh {
			return errors.New("other roots: ISTIO_MULTIROOT_MESH is off")
		}
		if !isSubset(now, roots) && !isSubset(roots, now) {
			return errors.New("other roots: neither bundle is part of the other")
		}
	}
	return bundle.UpdateVerifiedKeyCertBundleFromFile(
		files.SigningCertFile, files.SigningKeyFile, files.CertChainFiles, files.RootCertFile, files.CRLFile)
}

func isSubset(some, all []byte) bool {
	known := certificatesIn(all)
	for der := range certificatesIn(some) {
		if !known[der] {
			return false
		}
	}
	return true
}

func certificatesIn(text []byte) map[string]bool {
	found := map[string]bool{}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			found[string(block.Bytes)] = true
		}
	}
	return found
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
