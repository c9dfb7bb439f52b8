{{/*
What stands in a value, with a file in the place of each reference to a key of a Secret or ConfigMap, and the sources of the
volume that has these files, as JSON: (list VALUE FOLDER FIELD), FIELD being what messages call it.
*/}}
{{- define "countersign.referred" -}}
{{- $value := index . 0 -}}
{{- $path := index . 1 -}}
{{- $field := index . 2 -}}
{{- $sources := list -}}
{{- $made := $value -}}
{{- if kindIs "map" $value -}}
{{- if or $value.secretName $value.configMap -}}
{{- if not $value.key -}}{{- fail (printf "%s: the key in %s is needed" $field ($value.secretName | default $value.configMap)) -}}{{- end -}}
{{- $items := list (dict "key" $value.key "path" $path) -}}
{{- if $value.secretName -}}
{{- $sources = list (dict "secret" (dict "name" $value.secretName "items" $items)) -}}
{{- else -}}
{{- $sources = list (dict "configMap" (dict "name" $value.configMap "items" $items)) -}}
{{- end -}}
{{- $file := printf "/etc/countersign/secrets/%s" $path -}}
{{- /* The configuration has a path for PEM, and { file } for what is secret as a whole. */ -}}
{{- $made = has (base $path) (list "ca" "certificate" "key") | ternary $file (dict "file" $file) -}}
{{- else -}}
{{- $made = dict -}}
{{- range $name, $inner := $value -}}
{{- $each := include "countersign.referred" (list $inner (printf "%s/%s" $path $name) (printf "%s.%s" $field $name)) | fromJson -}}
{{- $_ := set $made $name $each.value -}}
{{- $sources = concat $sources ($each.sources | default list) -}}
{{- end -}}
{{- end -}}
{{- else if kindIs "slice" $value -}}
{{- $made = list -}}
{{- range $number, $inner := $value -}}
{{- $each := include "countersign.referred" (list $inner (printf "%s/%d" $path $number) (printf "%s[%d]" $field $number)) | fromJson -}}
{{- $made = append $made $each.value -}}
{{- $sources = concat $sources ($each.sources | default list) -}}
{{- end -}}
{{- end -}}
{{- dict "value" $made "sources" $sources | toJson -}}
{{- end -}}
