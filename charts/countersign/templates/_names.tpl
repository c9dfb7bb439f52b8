{{/* Name of every object: that of the release unless told, as long as a StatefulSet can be called. */}}
{{- define "countersign.name" -}}
{{- .Values.nameOverride | default .Release.Name | trunc 46 | trimSuffix "-" -}}
{{- end -}}

{{- define "countersign.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "countersign.name" .) -}}
{{- end -}}

{{- define "countersign.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* metadata of an object in the release's own namespace: (list ROOT SUFFIX), the suffix with its hyphen or empty */}}
{{- define "countersign.metadata" -}}
{{- $root := index . 0 -}}
{{- $name := printf "%s%s" (include "countersign.name" $root) (index . 1) -}}
name: {{ $name }}
namespace: {{ $root.Release.Namespace }}
labels:
  app: {{ $name }}
  {{- include "countersign.labels" $root | nindent 2 }}
{{- end -}}

{{- define "countersign.image" -}}
{{- $image := .Values.image -}}
{{- $path := $image.repository | default (list .Values.imageNamespace $image.name | compact | join "/") -}}
{{- $place := list ($image.registry | default .Values.imageRegistry) $path | compact | join "/" -}}
{{- if $image.digest -}}
{{- printf "%s%s@%s" $place (empty $image.tag | ternary "" (printf ":%v" $image.tag)) $image.digest -}}
{{- else -}}
{{- printf "%s:%v" $place ($image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* Matchers of the series of this release, for alerts. */}}
{{- define "countersign.selector" -}}
{{- .Values.prometheusRule.selector | default (printf "namespace=%q,job=%q" .Release.Namespace (printf "%s-metrics" (include "countersign.name" .))) -}}
{{- end -}}
