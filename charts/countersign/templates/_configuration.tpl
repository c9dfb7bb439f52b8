{{/* The configuration of the replica with this number, as YAML: (list ROOT NUMBER) */}}
{{- define "countersign.configuration" -}}
{{- $root := index . 0 -}}
{{- $replica := printf "%s-%d" (include "countersign.name" $root) (int (index . 1)) -}}
{{- with $root.Values -}}
{{- $everywhere := contains ":" .app.server.serving.address | ternary "::" "0.0.0.0" -}}
{{- $made := dict
  "apiVersion" "countersign.dev/v1"
  "kind" "ServerConfig"
  "trustDomain" .app.tls.trustDomain
  "istio" (include "countersign.door" $root | fromYaml)
  "admin" (dict
    "listen" (include "countersign.address" (list $everywhere .app.metrics.port))
    "probe" (dict "listen" (include "countersign.address" (list $everywhere .app.readinessProbe.port)) "path" .app.readinessProbe.path))
  "authenticators" (include "countersign.authenticators" $root | fromYamlArray)
  "policies" (include "countersign.policyFiles" $root | fromYamlArray)
  "audit" (include "countersign.audit" (list $root $replica) | fromYaml)
  "telemetry" (include "countersign.telemetry" $root | fromYaml)
  "shutdown" (dict "grace" (printf "%ss" (include "countersign.seconds" .shutdown.grace)))
-}}
{{- if .trustDomainAliases -}}{{- $_ := set $made "trustDomainAliases" .trustDomainAliases -}}{{- end -}}
{{- if .fairness -}}{{- $_ := set $made "fairness" .fairness -}}{{- end -}}
{{- if ne .fips.level "off" -}}{{- $_ := set $made "fips" (dict "level" .fips.level) -}}{{- end -}}
{{- if ne (include "countersign.signer" $root) "config" -}}{{- $_ := set $made "issuers" (list (include "countersign.issuer" $root | fromYaml)) -}}{{- end -}}
{{- if include "countersign.distributes" $root -}}{{- $_ := set $made "distribution" (include "countersign.distribution" $root | fromYaml) -}}{{- end -}}
{{- if include "countersign.answers" $root -}}{{- $_ := set $made "clusterRequests" (include "countersign.clusterRequests" $root | fromYaml) -}}{{- end -}}
{{- with .exports.sinks -}}{{- $_ := set $made "exports" (include "countersign.exports" (list $root $replica) | fromYamlArray) -}}{{- end -}}
{{- if or .detection.shipped .detection.rules -}}{{- $_ := set $made "detection" (dict "rules" (include "countersign.watchRules" $root | fromYamlArray)) -}}{{- end -}}
{{- if .witness.enabled -}}{{- $_ := set $made "witness" (include "countersign.witness" (list $root $everywhere) | fromYaml) -}}{{- end -}}
{{- if .revocation.enabled -}}{{- $_ := set $made "revocation" (include "countersign.revocation" (list $root $everywhere) | fromYaml) -}}{{- end -}}
{{- if .api.enabled -}}{{- $_ := set $made "api" (include "countersign.api" (list $root $everywhere $replica) | fromYaml) -}}{{- end -}}
{{- mergeOverwrite $made (deepCopy .config) | toYaml -}}
{{- end -}}
{{- end -}}

{{- define "countersign.door" -}}
{{- $names := .Files.Get "files/tls-names.yaml" | fromYaml -}}
{{- with .Values -}}
listen: {{ include "countersign.address" (list .app.server.serving.address .app.server.serving.port) | quote }}
dialect: {{ .dialect }}
serving:
  dnsNames:
    {{- toYaml (.app.tls.certificateDNSNames | uniq | default (list (printf "%s.%s.svc" (include "countersign.name" $) $.Release.Namespace))) | nindent 4 }}
  ipAddresses: []
  keyType: {{ include "countersign.keyType" (list .app.server.serving.signatureAlgorithm .app.server.serving.certificateKeySize "app.server.serving" false) }}
  lifetime: {{ include "countersign.seconds" .app.tls.certificateDuration }}s
  renewAt: 0.667
maxCertificateLifetime: {{ include "countersign.seconds" .app.server.maxCertificateDuration }}s
{{- $suites := list }}
{{- range .app.tls.servingTLSCipherSuites }}
{{- if not (hasKey $names.suites .) }}{{ fail (printf "app.tls.servingTLSCipherSuites: %q is no suite that we have: one of %s" . (keys $names.suites | sortAlpha | join ", ")) }}{{ end }}
{{- $suites = append $suites (get $names.suites .) }}
{{- end }}
{{- $suites = compact $suites | uniq }}
{{- $groups := list }}
{{- range .app.tls.servingTLSCurvePreferences }}
{{- if not (hasKey $names.groups (toString .)) }}{{ fail (printf "app.tls.servingTLSCurvePreferences: %q is no group that we have: one of %s" (toString .) (keys $names.groups | sortAlpha | join ", ")) }}{{ end }}
{{- $groups = append $groups (get $names.groups (toString .)) }}
{{- end }}
tls:
  {{- /* Suites of TLS 1.3 alone leave nothing that TLS 1.2 could be spoken with. */}}
  {{- if or (eq (.app.tls.servingTLSMinVersion | default "") "VersionTLS13") (and .app.tls.servingTLSCipherSuites (not $suites)) }}
  minVersion: TLSv1.3
  {{- else }}
  minVersion: TLSv1.2
  {{- end }}
  {{- with $suites }}
  cipherSuites: {{ toJson . }}
  {{- end }}
  {{- with $groups }}
  groups: {{ toJson (uniq .) }}
  {{- end }}
{{- with .limits }}
limits:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "countersign.authenticators" -}}
{{- with .Values -}}
{{- if .app.server.authenticators.enableClientCert }}
- clientCertificate: {}
{{- end }}
- kubernetes:
    mode: {{ .kubernetes.mode }}
    audiences: {{ toJson .kubernetes.audiences }}
    cluster: {{ .app.server.clusterID | quote }}
    clusterAliases: {{ toJson .kubernetes.clusterAliases }}
    unboundTokens: {{ .kubernetes.unboundTokens | default (eq .dialect "istio-csr" | ternary "accept" "refuse") }}
    trustedNodeAccounts: {{ include "countersign.trustedNodeAccounts" $ }}
    {{- if .kubernetes.remoteClusters.enabled }}
    remoteClusters: {{ omit .kubernetes.remoteClusters "enabled" | toJson }}
    {{- end }}
    local: {{ toJson .kubernetes.local }}
{{- end }}
{{- end -}}

{{- define "countersign.issuer" -}}
{{- $signer := include "countersign.signer" . -}}
{{- $at := "/etc/countersign/issuer" -}}
{{- with .Values -}}
name: {{ .issuer.name }}
{{- if eq $signer "cert-manager" }}
{{- with .app.certmanager }}
certManager:
  way: {{ .way }}
  {{- if and .issuer.enabled .issuer.name }}
  issuer: {{ omit .issuer "enabled" | toJson }}
  {{- end }}
  {{- with include "countersign.runtimeConfigMap" $ }}
  runtime: { configMap: {{ . }}, namespace: {{ $.Values.app.certmanager.namespace }} }
  {{- end }}
  namespace: {{ .namespace }}
  annotations: {{ toJson .additionalAnnotations }}
  preserveRequests: {{ .preserveCertificateRequests }}
  intermediate:
    subject: { commonName: {{ .intermediate.commonName | quote }} }
    keyType: {{ .intermediate.keyType }}
    lifetime: {{ .intermediate.lifetime }}
{{- end }}
{{- with .app.tls.rootCAFile }}
roots: {{ . }}
{{- end }}
{{- else }}
certificate: {{ $at }}/chain.pem
roots: {{ .app.tls.rootCAFile | default (printf "%s/roots.pem" $at) }}
key:
  {{- if eq $signer "secret" }}
  file:
    path: {{ $at }}/key.pem
    {{- if .issuer.secret.passphraseKey }}
    passphrase: { file: {{ $at }}/passphrase }
    {{- end }}
  {{- else }}
  {{- include "countersign.token" (list .issuer.pkcs11 "issuer-pin") | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* A key in a PKCS#11 token: (list VALUES FILE-OF-PIN) */}}
{{- define "countersign.token" -}}
{{- with index . 0 -}}
pkcs11:
  uri: {{ .uri | quote }}
  module: {{ .module }}
  pin: { file: /etc/countersign/secrets/{{ index $ 1 }} }
  {{- with .sessions }}
  sessions: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "countersign.policyFiles" -}}
{{- range .Values.policy.shipped }}
- /app/policies/{{ . }}.yaml
{{- end }}
{{- range $file, $_ := .Values.policy.documents }}
- /etc/countersign/policies/{{ $file }}
{{- end }}
{{- end -}}

{{- define "countersign.watchRules" -}}
{{- range .Values.detection.shipped }}
- /app/policies/detection/{{ . }}.yaml
{{- end }}
{{- range $file, $_ := .Values.detection.rules }}
- /etc/countersign/detection/{{ $file }}
{{- end }}
{{- end -}}

{{/* (list ROOT HOST), the host to listen on */}}
{{- define "countersign.revocation" -}}
{{- with (index . 0).Values.revocation -}}
documents: [/etc/countersign/revocations/revocations.yaml]
directory: /home/countersign/audit/status
listen: {{ include "countersign.address" (list (index $ 1) .port) | quote }}
{{- with .url }}
url: {{ . | quote }}
{{- end }}
{{- with .upperCrls }}
upperCrls:
{{- range $number, $_ := . }}
  - /etc/countersign/crls/{{ $number }}.crl
{{- end }}
{{- end }}
crlLifetime: {{ .crlLifetime }}
ocspLifetime: {{ .ocspLifetime }}
{{- end }}
{{- end -}}

{{/* (list ROOT HOST REPLICA), the host to listen on and the name of the replica */}}
{{- define "countersign.api" -}}
{{- $root := index . 0 -}}
{{- $name := include "countersign.name" $root -}}
{{- $namespace := $root.Release.Namespace -}}
{{- with $root.Values.api -}}
listen: {{ include "countersign.address" (list (index $ 1) .port) | quote }}
serving:
  dnsNames:
    {{- toYaml (concat (list (printf "%s-api.%s.svc" $name $namespace) (printf "%s.%s-replicas.%s.svc" (index $ 2) $name $namespace)) .dnsNames | uniq) | nindent 4 }}
  ipAddresses: []
{{- if .clientRoots }}
clientCertificates: { roots: /etc/countersign/people/roots.pem }
{{- end }}
{{- with .oidc }}
oidc:
  {{- toYaml . | nindent 2 }}
{{- end }}
roles:
  {{- toYaml .roles | nindent 2 }}
{{- with .limits }}
limits:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "countersign.telemetry" -}}
{{- with .Values -}}
logs:
  format: {{ .app.logFormat | lower }}
  level: {{ lt (int .app.logLevel) 3 | ternary "info" "debug" }}
{{- if .tracing.endpoint }}
tracing:
  otlp: { endpoint: {{ .tracing.endpoint }} }
  sampleRatio: {{ .tracing.sampleRatio }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "countersign.distribution" -}}
{{- with .Values -}}
lease: { namespace: {{ .app.controller.leaderElectionNamespace }}, name: istio-csr }
rootConfigMap:
  enabled: {{ .distribution.rootConfigMap.enabled }}
  name: {{ .distribution.rootConfigMap.name }}
  {{- with .app.controller.configmapNamespaceSelector }}
  namespaceSelector: {{ . | quote }}
  {{- end }}
{{- if .distribution.crlConfigMap.enabled }}
crlConfigMap:
  name: {{ .distribution.crlConfigMap.name }}
  {{- with .app.controller.configmapNamespaceSelector }}
  namespaceSelector: {{ . | quote }}
  {{- end }}
{{- end }}
{{- if .distribution.clusterTrustBundle.enabled }}
clusterTrustBundle: {{ omit .distribution.clusterTrustBundle "enabled" | toJson }}
{{- end }}
{{- if include "countersign.istiod" $ }}
{{- $duration := include "countersign.seconds" .app.tls.istiodCertificateDuration | int }}
{{- $before := include "countersign.seconds" .app.tls.istiodCertificateRenewBefore | int }}
{{- if ge $before $duration }}{{ fail "app.tls.istiodCertificateRenewBefore: must be shorter than app.tls.istiodCertificateDuration" }}{{ end }}
{{- $algorithm := .app.tls.istiodPrivateKeyAlgorithm | default .app.server.serving.signatureAlgorithm }}
istiod:
  namespace: {{ .app.istio.namespace }}
  secret: {{ .distribution.istiod.secret }}
  {{- if eq (include "countersign.signer" $) "cert-manager" }}
  {{- /* cert-manager makes the Secret: no right on Secrets is needed. */}}
  certificate: { name: istiod-dynamic, annotations: {{ toJson .app.certmanager.additionalAnnotations }} }
  {{- end }}
  serviceAccount: {{ .distribution.istiod.serviceAccount }}
  revisions: {{ toJson (.app.istio.revisions | default (list "default")) }}
  additionalDnsNames: {{ toJson (uniq .app.tls.istiodAdditionalDNSNames) }}
  keyType: {{ include "countersign.keyType" (list $algorithm .app.tls.istiodPrivateKeySize "app.tls.istiodPrivateKeySize" true) }}
  lifetime: {{ $duration }}s
  renewAt: {{ round (subf 1 (divf $before $duration)) 3 }}
{{- end }}
{{- end }}
{{- end -}}
