{{/* Whole seconds of a length of time, as Go writes it (1h30m) and as we do (7d). */}}
{{- define "countersign.seconds" -}}
{{- $text := toString . -}}
{{- if hasSuffix "d" $text -}}
{{- mul (trimSuffix "d" $text | int) 86400 -}}
{{- else -}}
{{- $start := mustToDate "2006-01-02" "2000-01-01" -}}
{{- sub (mustDateModify $text $start | unixEpoch | int64) (unixEpoch $start | int64) -}}
{{- end -}}
{{- end -}}

{{/* Our name of a key: (list ALGORITHM BITS FIELD ZERO), ZERO being what 0 bits mean, if anything. */}}
{{- define "countersign.keyType" -}}
{{- $known := dict "RSA" (dict "2048" "rsa:2048" "3072" "rsa:3072" "4096" "rsa:4096") "ECDSA" (dict "256" "ec:P-256" "384" "ec:P-384") -}}
{{- $algorithm := index . 0 | upper -}}
{{- $bits := index . 1 | int | toString -}}
{{- if and (eq $bits "0") (index . 3) -}}{{- $bits = eq $algorithm "RSA" | ternary "2048" "256" -}}{{- end -}}
{{- $sizes := get $known $algorithm -}}
{{- if not $sizes -}}{{- fail (printf "%s: %s is neither RSA nor ECDSA" (index . 2) $algorithm) -}}{{- end -}}
{{- if not (hasKey $sizes $bits) -}}{{- fail (printf "%s: an %s key of %s bits is not made here: one of %s" (index . 2) $algorithm $bits (keys $sizes | sortAlpha | join ", ")) -}}{{- end -}}
{{- get $sizes $bits -}}
{{- end -}}

{{/* host:port, with the brackets that IPv6 wants */}}
{{- define "countersign.address" -}}
{{- $host := index . 0 -}}
{{- printf "%s:%v" (and (contains ":" $host) (not (hasPrefix "[" $host)) | ternary (printf "[%s]" $host) $host) (index . 1) -}}
{{- end -}}
