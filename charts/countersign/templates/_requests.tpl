{{/* Whether objects that ask for certificates are answered, and so whether there is a Lease for it. */}}
{{- define "countersign.answers" -}}
{{- if or .Values.podCertificates.enabled .Values.signingRequests.enabled .Values.certificateRequests.enabled -}}yes{{- end -}}
{{- end -}}

{{/* Whether each issuer is a signer by its name. */}}
{{- define "countersign.signerNames" -}}
{{- with .Values.certificateRequests -}}{{- if and .enabled (eq .signerNames "answer") -}}yes{{- end -}}{{- end -}}
{{- end -}}

{{/* Whose word on others is taken, as a JSON list: istiod's accounts, as istiod's chart calls them, unless told. */}}
{{- define "countersign.requesters" -}}
{{- $accounts := .Values.signingRequests.requesters -}}
{{- if not $accounts -}}
{{- range .Values.app.istio.revisions | default (list "default") -}}
{{- $accounts = append $accounts (printf "%s/istiod%s" $.Values.app.istio.namespace (eq . "default" | ternary "" (printf "-%s" .))) -}}
{{- end -}}
{{- end -}}
{{- toJson $accounts -}}
{{- end -}}

{{/* The signers whose requests are approved by policy, as a JSON list. */}}
{{- define "countersign.approved" -}}
{{- $signers := list -}}
{{- with .Values.signingRequests -}}
{{- if and .enabled (eq .approval "policy") -}}{{- $signers = append $signers .signerName -}}{{- end -}}
{{- end -}}
{{- if and (include "countersign.signerNames" .) (eq .Values.certificateRequests.signerNamesApproval "policy") -}}
{{- $signers = concat $signers (list "issuers.countersign.dev/*" "clusterissuers.countersign.dev/*") -}}
{{- end -}}
{{- toJson $signers -}}
{{- end -}}

{{/* The signers of the cluster that this release is, as a JSON list. */}}
{{- define "countersign.signers" -}}
{{- $signers := list -}}
{{- range list .Values.podCertificates .Values.signingRequests -}}
{{- if .enabled -}}{{- $signers = append $signers .signerName -}}{{- end -}}
{{- end -}}
{{- uniq $signers | toJson -}}
{{- end -}}

{{- define "countersign.clusterRequests" -}}
{{- with .Values -}}
cluster: {{ .app.server.clusterID | quote }}
lease: { namespace: {{ .app.controller.leaderElectionNamespace }}, name: countersign-requests }
trustBundles: {{ .distribution.signerTrustBundles.enabled | ternary "write" "omit" }}
{{- with .podCertificates }}
{{- if .enabled }}
podCertificates:
  signerName: {{ .signerName }}
  {{- with .issuer }}
  issuer: {{ . }}
  {{- end }}
{{- end }}
{{- end }}
{{- with .signingRequests }}
{{- if .enabled }}
signingRequests:
  signerName: {{ .signerName }}
  requesters: {{ include "countersign.requesters" $ }}
  {{- with .issuer }}
  issuer: {{ . }}
  {{- end }}
  root: {{ .root }}
  approval: {{ .approval }}
{{- end }}
{{- end }}
{{- with .certificateRequests }}
{{- if .enabled }}
certificateRequests:
  retryFor: {{ .retryFor }}
  signerNames: {{ .signerNames }}
  signerNamesApproval: {{ .signerNamesApproval }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
