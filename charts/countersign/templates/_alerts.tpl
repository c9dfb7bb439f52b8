{{/* The groups of files/alerts.yaml with this release's names, and with numbers that follow from its lifetimes. */}}
{{- define "countersign.alerts" -}}
{{- $rule := .Values.prometheusRule -}}
{{- $text := .Files.Get "files/alerts.yaml"
  | replace "ISSUER_LAST_SECONDS" (include "countersign.issuerNotice" (list . $rule.issuerLastNotice 10 "2d"))
  | replace "ISSUER_SECONDS" (include "countersign.issuerNotice" (list . $rule.issuerNotice 4 "14d"))
  | replace "ROOT_SECONDS" (include "countersign.seconds" $rule.rootNotice)
  | replace "SERVING_SECONDS" (div (include "countersign.seconds" .Values.app.tls.certificateDuration | int) 6 | toString)
  | replace "ISTIOD_SECONDS" (div (include "countersign.seconds" .Values.app.tls.istiodCertificateRenewBefore | int) 2 | toString)
  | replace "CRL_SECONDS" (div (include "countersign.seconds" .Values.revocation.crlLifetime | int) 4 | toString)
  | replace "REPLICAS" (toString .Values.replicaCount)
  | replace "SELECTOR" (include "countersign.selector" .)
  | replace "NAMESPACE" .Release.Namespace
  | replace "NAME" (include "countersign.name" .)
-}}
{{- $groups := list -}}
{{- range (fromYaml $text).groups -}}
{{- $rules := list -}}
{{- range .rules -}}
{{- if $rule.runbookURL -}}{{- $_ := set .annotations "runbook_url" (printf "%s#%s" $rule.runbookURL (lower .alert)) -}}{{- end -}}
{{- $rules = append $rules . -}}
{{- end -}}
{{- $groups = append $groups (dict "name" .name "rules" $rules) -}}
{{- end -}}
{{- dict "groups" $groups | toYaml -}}
{{- end -}}

{{/*
Seconds before an issuer's end from which on somebody should hear of it: (list ROOT TOLD PART OTHERWISE). One that cert-manager
renews is late at a part of its lifetime; one that people renew wants days.
*/}}
{{- define "countersign.issuerNotice" -}}
{{- $root := index . 0 -}}
{{- if index . 1 -}}
{{- include "countersign.seconds" (index . 1) -}}
{{- else if eq (include "countersign.signer" $root) "cert-manager" -}}
{{- div (include "countersign.seconds" $root.Values.app.certmanager.intermediate.lifetime | int) (index . 2) -}}
{{- else -}}
{{- include "countersign.seconds" (index . 3) -}}
{{- end -}}
{{- end -}}
