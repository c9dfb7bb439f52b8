{{/* Who signs: cert-manager, secret, pkcs11 or config. Fails unless exactly one is chosen. */}}
{{- define "countersign.signer" -}}
{{- $issuer := .Values.app.certmanager.issuer -}}
{{- $chosen := dict -}}
{{- if and $issuer.enabled $issuer.name -}}{{- $_ := set $chosen "cert-manager" "app.certmanager.issuer" -}}{{- end -}}
{{- if include "countersign.runtimeConfigMap" . -}}{{- $_ := set $chosen "cert-manager" (get $chosen "cert-manager" | default "app.runtimeConfiguration") -}}{{- end -}}
{{- if .Values.issuer.secret.name -}}{{- $_ := set $chosen "secret" "issuer.secret.name" -}}{{- end -}}
{{- if .Values.issuer.pkcs11.uri -}}{{- $_ := set $chosen "pkcs11" "issuer.pkcs11.uri" -}}{{- end -}}
{{- if .Values.config.issuers -}}{{- $_ := set $chosen "config" "config.issuers" -}}{{- end -}}
{{- if eq (len $chosen) 0 -}}
{{- fail "nobody signs: give exactly one of app.certmanager.issuer (enabled: true and a name), app.runtimeConfiguration, issuer.secret.name, issuer.pkcs11.uri, config.issuers" -}}
{{- else if gt (len $chosen) 1 -}}
{{- fail (printf "%s: exactly one of these says who signs%s" (values $chosen | sortAlpha | join " and ") (and (hasKey $chosen "cert-manager") $issuer.enabled | ternary "; app.certmanager.issuer.enabled=false leaves cert-manager out" "")) -}}
{{- end -}}
{{- keys $chosen | first -}}
{{- end -}}

{{/* Name of the ConfigMap that says which issuer of cert-manager signs; empty where there is none. */}}
{{- define "countersign.runtimeConfigMap" -}}
{{- $runtime := .Values.app.runtimeConfiguration -}}
{{- $runtime.name | default .Values.app.runtimeIssuanceConfigMap | default ($runtime.create | ternary (include "countersign.name" .) "") -}}
{{- end -}}

{{/* Comma-separated, as the flag has them, to a JSON list. */}}
{{- define "countersign.trustedNodeAccounts" -}}
{{- $accounts := list -}}
{{- range splitList "," .Values.app.server.caTrustedNodeAccounts -}}
{{- with trim . -}}{{- $accounts = append $accounts . -}}{{- end -}}
{{- end -}}
{{- $accounts | uniq | toJson -}}
{{- end -}}

{{/* Whether istiod's certificate is written: "true" or "dynamic" in istio-csr's words; empty where it is not. */}}
{{- define "countersign.istiod" -}}
{{- if ne (toString .Values.app.tls.istiodCertificateEnable) "false" -}}yes{{- end -}}
{{- end -}}

{{/* Whether anything is written into the cluster, and so whether there is a Lease. */}}
{{- define "countersign.distributes" -}}
{{- if or .Values.distribution.rootConfigMap.enabled .Values.distribution.crlConfigMap.enabled .Values.distribution.clusterTrustBundle.enabled (include "countersign.istiod" .) -}}yes{{- end -}}
{{- end -}}

{{/*
Whether some policy may allow certificates of one of these kinds by this door: (list ROOT KINDS DOOR). Those that are
shipped are in the image, so what each is about stands here. What helm cannot read in one is the server's to refuse.
*/}}
{{- define "countersign.speaksOf" -}}
{{- $values := (index . 0).Values -}}
{{- $kinds := index . 1 -}}
{{- $door := index . 2 -}}
{{- $shipped := dict "istio" (dict "doors" (list "istio")) -}}
{{- $matches := list -}}
{{- range $values.policy.shipped -}}{{- $matches = append $matches (get $shipped . | default dict) -}}{{- end -}}
{{- range $values.policy.documents -}}
{{- $document := . -}}
{{- if kindIs "string" . -}}{{- $document = fromYaml . -}}{{- end -}}
{{- $spec := $document.spec -}}
{{- if not (kindIs "map" $spec) -}}yes
{{- /* to helm's YAML an off without quotes is false */ -}}
{{- else if and (eq (toString $spec.effect) "allow") (not (has (toString $spec.mode) (list "off" "false"))) -}}{{- $matches = append $matches ($spec.match | default dict) -}}
{{- end -}}
{{- end -}}
{{- range $match := $matches -}}
{{- if not (and (kindIs "map" $match) (kindIs "slice" ($match.kinds | default $kinds)) (kindIs "slice" ($match.doors | default $kinds))) -}}yes
{{- else if has $door ($match.doors | default (list $door)) -}}
{{- range $kinds -}}{{- if has . ($match.kinds | default (list "svid")) -}}yes{{- end -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- if $values.config.policies -}}yes{{- end -}}
{{- end -}}

{{/* What is wrong with one way to ask for SVIDs: (list ROOT FIELD EXAMPLE DOOR) */}}
{{- define "countersign.checkSigner" -}}
{{- $root := index . 0 -}}
{{- $field := index . 1 -}}
{{- $door := index . 3 -}}
{{- $names := list -}}
{{- range $root.Values.config.issuers -}}{{- $names = append $names .name -}}{{- end -}}
{{- $names = $names | default (list $root.Values.issuer.name) -}}
{{- with get $root.Values $field -}}
{{- if .enabled -}}
{{- if not .signerName -}}{{- fail (printf "%s.signerName: the signer that requests name is needed, such as %s" $field (index $ 2)) -}}{{- end -}}
{{- if regexMatch "^([^/]*[.])?kubernetes[.]io/" .signerName -}}{{- fail (printf "%s.signerName: signers under kubernetes.io belong to Kubernetes itself" $field) -}}{{- end -}}
{{- if and .issuer (not (has .issuer $names)) -}}{{- fail (printf "%s.issuer: there is no issuer %s; right would be %s, or nothing" $field .issuer (join ", " $names)) -}}{{- end -}}
{{- if not (include "countersign.speaksOf" (list $root (list "svid") $door)) -}}{{- fail (printf "policy: no rule allows what %s asks for: add a document that matches doors: [%s]; the shipped istio speaks of Istio's door alone" $field $door) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What of the objects that are answered cannot stand beside the other values. */}}
{{- define "countersign.checkRequests" -}}
{{- $_ := include "countersign.checkSigner" (list . "podCertificates" "mesh.example/workload" "pod-certificate") -}}
{{- $_ := include "countersign.checkSigner" (list . "signingRequests" "mesh.example/istio" "kubernetes-csr") -}}
{{- with .Values.signingRequests -}}
{{- if and .enabled (eq .approval "policy") (not .requesters) -}}{{- fail "signingRequests.approval: istiod approves its own requests, and gives up where somebody was quicker: leave it at cluster, or say signingRequests.requesters" -}}{{- end -}}
{{- end -}}
{{- with .Values.certificateRequests -}}
{{- if and .enabled (eq .signerNamesApproval "policy") (ne .signerNames "answer") -}}{{- fail "certificateRequests.signerNamesApproval: there is nothing to approve: set certificateRequests.signerNames=answer too" -}}{{- end -}}
{{- end -}}
{{- if and .Values.distribution.signerTrustBundles.enabled (eq (include "countersign.signers" .) "[]") (not (include "countersign.signerNames" .)) -}}{{- fail "distribution.signerTrustBundles: this release is no signer: enable podCertificates or signingRequests, let certificateRequests answer signerNames, or use distribution.clusterTrustBundle" -}}{{- end -}}
{{- $way := eq (include "countersign.signer" .) "cert-manager" | ternary .Values.app.certmanager.way "intermediate" -}}
{{- $above := .Values.app.certmanager.issuer -}}
{{- if and .Values.podCertificates.enabled (ne $way "intermediate") -}}{{- fail (printf "app.certmanager.way: with %s a certificate may be made of what its request names, and those of podCertificates name nothing: set intermediate, or sign with an issuer of your own" $way) -}}{{- end -}}
{{- with .Values.certificateRequests -}}
{{- if .enabled -}}
{{- range $door := compact (list "cert-manager" (include "countersign.signerNames" $ | empty | ternary "" "kubernetes-csr")) -}}
{{- if not (include "countersign.speaksOf" (list $ (list "end-entity" "ca") $door)) -}}{{- fail (printf "policy: no rule allows what certificateRequests asks for by door %s: add a document that matches kinds: [end-entity] or kinds: [ca]; where a rule names no kinds it speaks of workloads alone" $door) -}}{{- end -}}
{{- end -}}
{{- if gt (include "countersign.seconds" .retryFor | int) 86400 -}}{{- fail (printf "certificateRequests.retryFor: %s is more than 24h, and nobody waits longer" .retryFor) -}}{{- end -}}
{{- if eq $way "relay" -}}{{- fail "app.certmanager.way: relay makes certificates for workloads alone, so no Issuer of certificateRequests would become ready: set intermediate or either, or sign with an issuer of your own" -}}{{- end -}}
{{- if and $above.enabled (eq $above.group "countersign.dev") -}}{{- fail "app.certmanager.issuer.group: issuers of countersign.dev are answered by this release (certificateRequests), which would wait for itself" -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What can be wrong in values that each are right. */}}
{{- define "countersign.check" -}}
{{- $_ := include "countersign.signer" . -}}
{{- $name := include "countersign.name" . -}}
{{- $revisions := .Values.app.istio.revisions -}}
{{- if ne (len $revisions) (len (uniq $revisions)) -}}{{- fail (printf "app.istio.revisions: %s names one twice" (join ", " $revisions)) -}}{{- end -}}
{{- with .Values.issuer.pkcs11 -}}
{{- if .uri -}}
{{- if not .module -}}{{- fail "issuer.pkcs11.module: the path of the token's PKCS#11 library is needed; mount it with volumes and volumeMounts" -}}{{- end -}}
{{- if not .pin.secretName -}}{{- fail "issuer.pkcs11.pin.secretName: the Secret that holds the PIN is needed" -}}{{- end -}}
{{- if not $.Values.issuer.certificate -}}{{- fail "issuer.certificate: with a key in a token its certificate is needed, PEM, issuer first" -}}{{- end -}}
{{- if not (or $.Values.issuer.roots $.Values.app.tls.rootCAFile) -}}{{- fail "issuer.roots: with a key in a token the roots are needed, PEM; or app.tls.rootCAFile" -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- $_ := include "countersign.checkLog" . -}}
{{- $_ := include "countersign.checkExports" . -}}
{{- $_ := include "countersign.checkWitness" . -}}
{{- if not (or .Values.policy.shipped .Values.policy.documents) -}}{{- fail "policy: without a rule nothing is issued; name one of policy.shipped or write policy.documents" -}}{{- end -}}
{{- /* Each decides for all workloads, and one of two fails its own cases: no server would start with both. */ -}}
{{- $whole := list -}}
{{- range .Values.policy.shipped -}}{{- if has . (list "default" "istio" "fips") -}}{{- $whole = append $whole . -}}{{- end -}}{{- end -}}
{{- if gt (len $whole) 1 -}}{{- fail (printf "policy.shipped: %s each decide for every workload: name one of them" (join " and " $whole)) -}}{{- end -}}
{{- $_ := include "countersign.checkRequests" . -}}
{{- with .Values.revocation -}}
{{- if and .enabled (eq (include "countersign.signer" $) "cert-manager") -}}{{- fail "revocation: by an issuer of cert-manager nothing here can be revoked, since no key of ours outlives its replica: sign with issuer.secret, issuer.pkcs11 or config.issuers" -}}{{- end -}}
{{- if and .upperCrls (not .enabled) -}}{{- fail "revocation.upperCrls: nobody is shown them unless revocation.enabled is true" -}}{{- end -}}
{{- if and $.Values.distribution.crlConfigMap.enabled (not .enabled) -}}{{- fail "distribution.crlConfigMap: there are no CRLs unless revocation.enabled is true" -}}{{- end -}}
{{- if and .certificates (not .enabled) -}}{{- fail "revocation.certificates: nothing is revoked unless revocation.enabled is true" -}}{{- end -}}
{{- end -}}
{{- with .Values.api -}}
{{- if and .enabled (not .roles) -}}{{- fail "api.roles: nobody has a role by default; name who has which" -}}{{- end -}}
{{- if and .enabled (not .clientRoots) (not .oidc) -}}{{- fail "api: nobody could prove who they are: it needs api.clientRoots, api.oidc or both" -}}{{- end -}}
{{- end -}}
{{- $window := add (int .Values.shutdown.waitSeconds) (include "countersign.seconds" .Values.shutdown.grace | int) 4 -}}
{{- if gt (int $window) (int .Values.terminationGracePeriodSeconds) -}}
{{- fail (printf "terminationGracePeriodSeconds: %d s end before shutdown.waitSeconds, shutdown.grace and 4 s to hand over the Lease and the log are over (%d s)" (int .Values.terminationGracePeriodSeconds) (int $window)) -}}
{{- end -}}
{{- /* A mesh knows its CA by the name of a Service; an upgrade that would take that name away is stopped. */ -}}
{{- if .Release.IsUpgrade -}}
{{- $usual := "cert-manager-istio-csr" -}}
{{- $service := lookup "v1" "Service" .Release.Namespace $usual -}}
{{- if and $service (ne $name $usual) (eq (dig "metadata" "annotations" "meta.helm.sh/release-name" "" $service) .Release.Name) -}}
{{- fail (printf "nameOverride: this release has the Service %s, by which the mesh knows its CA, and objects would be called %s now: set nameOverride=%s" $usual $name $usual) -}}
{{- end -}}
{{- end -}}
{{- end -}}
