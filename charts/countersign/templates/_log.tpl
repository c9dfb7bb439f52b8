{{/* Whether all replicas write one log; empty where each has its own. */}}
{{- define "countersign.oneLog" -}}
{{- if or .Values.audit.store.postgres (.Values.config.audit).store -}}yes{{- end -}}
{{- end -}}

{{/* What is put behind a name or a path so that the logs of replicas are kept apart: (list ROOT REPLICA) */}}
{{- define "countersign.ownFolder" -}}
{{- if not (include "countersign.oneLog" (index . 0)) -}}/{{ index . 1 }}{{- end -}}
{{- end -}}

{{/* (list ROOT REPLICA) */}}
{{- define "countersign.audit" -}}
{{- $root := index . 0 -}}
{{- with $root.Values -}}
directory: /home/countersign/audit
origin: {{ printf "%s%s" (.audit.origin | default (printf "%s/%s/%s" .app.tls.trustDomain .app.server.clusterID $root.Release.Namespace)) (include "countersign.ownFolder" $) }}
{{- if .audit.store.postgres }}
store:
  postgres:
    {{- get (include "countersign.database" $root | fromJson) "value" | toYaml | nindent 4 }}
{{- end }}
key:
  {{- if .audit.key.secret.name }}
  file: { path: /etc/countersign/secrets/log-key }
  {{- else if .audit.key.pkcs11.uri }}
  {{- include "countersign.token" (list .audit.key.pkcs11 "log-pin") | nindent 2 }}
  {{- else }}
  file: { path: /home/countersign/audit/log.key }
  {{- end }}
publish: /home/countersign/audit/log
{{- if .audit.guard.enabled }}
checkpointGuard: /var/lib/countersign-guard/checkpoint
{{- end }}
lifetime: {{ .audit.volume.persistent | ternary "lasting" "passing" }}
copyTo: {{ .audit.copyTo | default (or .audit.volume.persistent (include "countersign.oneLog" $root | empty | not) | ternary "nowhere" "stdout") }}
{{- with .audit.redactable }}
redactable: {{ toJson . }}
{{- end }}
{{- if include "countersign.witnessed" $root }}
witnesses:
  {{- include "countersign.witnesses" $root | nindent 2 }}
{{- end }}
{{- with .audit.retention.bodies }}
retention: { bodies: {{ . }} }
{{- end }}
{{- if .audit.archive.volume.enabled }}
archive: { directory: /var/lib/countersign-archive{{ include "countersign.ownFolder" $ }} }
{{- else if .audit.archive.s3 }}
{{- $s3 := get (include "countersign.archiveBucket" $root | fromJson) "value" }}
{{- $prefix := printf "%s%s/" ($s3.prefix | default "countersign" | trimSuffix "/") (include "countersign.ownFolder" $) }}
archive:
  s3:
    {{- set $s3 "prefix" $prefix | toYaml | nindent 4 }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Whether somebody cosigns our log. */}}
{{- define "countersign.witnessed" -}}
{{- if or .Values.audit.witnesses.ask .Values.audit.witnesses.policy -}}yes{{- end -}}
{{- end -}}

{{- define "countersign.witnesses" -}}
{{- with .Values.audit.witnesses -}}
{{- if .policy }}
policy: /etc/countersign/witnesses/trust.policy
{{- else }}
ask: {{ toJson .ask }}
{{- end }}
{{- with .quorum }}
quorum: {{ . }}
{{- end }}
timeout: {{ .timeout }}
without: {{ .without }}
{{- with .stopAfter }}
stopAfter: {{ . }}
{{- end }}
{{- if .ca }}
ca: /etc/countersign/witnesses/ca.pem
{{- end }}
{{- end }}
{{- end -}}

{{/* The database of the log with its files, as JSON. */}}
{{- define "countersign.database" -}}
{{- include "countersign.referred" (list .Values.audit.store.postgres "database" "audit.store.postgres") -}}
{{- end -}}

{{/* The bucket of the archive with its files, as JSON. */}}
{{- define "countersign.archiveBucket" -}}
{{- include "countersign.referred" (list .Values.audit.archive.s3 "archive" "audit.archive.s3") -}}
{{- end -}}

{{/* A witness of others' logs: (list ROOT HOST), the host to listen on */}}
{{- define "countersign.witness" -}}
{{- with (index . 0).Values.witness -}}
name: {{ .name | quote }}
keys:
  {{- range $number, $_ := .keys }}
  - /etc/countersign/secrets/witness/{{ $number }}
  {{- end }}
logs: {{ toJson .logs }}
directory: /home/countersign/audit/witness
listen: {{ include "countersign.address" (list (index $ 1) .port) | quote }}
maxConnections: {{ .maxConnections }}
perSecond: {{ .perSecond }}
{{- end }}
{{- end -}}

{{/* (list ROOT REPLICA) */}}
{{- define "countersign.exports" -}}
{{- $root := index . 0 -}}
{{- $sinks := get (include "countersign.sinks" $root | fromJson) "value" -}}
{{- range $sinks -}}
{{- if hasKey .to "file" -}}
{{- $directory := printf "/var/lib/countersign-exports%s/%s" (include "countersign.ownFolder" $) .name -}}
{{- $_ := set .to "file" (set (.to.file | default dict) "directory" $directory) -}}
{{- end -}}
{{- end -}}
{{- toYaml $sinks -}}
{{- end -}}

{{/* The sinks with their files, as JSON. */}}
{{- define "countersign.sinks" -}}
{{- $sinks := list -}}
{{- $sources := list -}}
{{- range .Values.exports.sinks -}}
{{- $made := include "countersign.referred" (list .to (printf "sinks/%s" .name) (printf "exports.sinks: %s" .name)) | fromJson -}}
{{- $sinks = append $sinks (set (omit . "to") "to" $made.value) -}}
{{- $sources = concat $sources ($made.sources | default list) -}}
{{- end -}}
{{- dict "value" $sinks "sources" $sources | toJson -}}
{{- end -}}
