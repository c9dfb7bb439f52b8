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
{{- if or .Values.distribution.rootConfigMap.enabled .Values.distribution.clusterTrustBundle.enabled (include "countersign.istiod" .) -}}yes{{- end -}}
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
{{- with .Values.audit.key -}}
{{- if and .secret.name .pkcs11.uri -}}{{- fail "audit.key.secret.name and audit.key.pkcs11.uri: the log is signed by one key" -}}{{- end -}}
{{- if and .pkcs11.uri (not .pkcs11.module) -}}{{- fail "audit.key.pkcs11.module: the path of the token's PKCS#11 library is needed" -}}{{- end -}}
{{- if and .pkcs11.uri (not .pkcs11.pin.secretName) -}}{{- fail "audit.key.pkcs11.pin.secretName: the Secret that holds the PIN is needed" -}}{{- end -}}
{{- end -}}
{{- if and .Values.podCertificates.enabled (not .Values.podCertificates.signerName) -}}{{- fail "podCertificates.signerName: the signer that pods name is needed, such as mesh.example/workload" -}}{{- end -}}
{{- if and .Values.podCertificates.enabled (not .Values.policy.documents) (not (or (has "default" .Values.policy.shipped) (has "fips" .Values.policy.shipped))) -}}{{- fail "policy: the shipped istio speaks of Istio's door alone, so pods that mount certificates would get none: add a document that matches doors: [pod-certificate]" -}}{{- end -}}
{{- if not (or .Values.policy.shipped .Values.policy.documents) -}}{{- fail "policy: without a rule nothing is issued; name one of policy.shipped or write policy.documents" -}}{{- end -}}
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
