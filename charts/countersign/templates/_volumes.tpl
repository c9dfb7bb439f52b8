{{/* What is mounted from ConfigMaps and Secrets, where the configuration has it. */}}
{{- define "countersign.volumes" -}}
{{- $name := include "countersign.name" . -}}
{{- $signer := include "countersign.signer" . -}}
{{- with .Values -}}
- name: config
  configMap: { name: {{ $name }}-configuration }
{{- if .policy.documents }}
- name: policies
  configMap: { name: {{ $name }}-policies }
{{- end }}
{{- if .detection.rules }}
- name: detection
  configMap: { name: {{ $name }}-detection }
{{- end }}
{{- if .revocation.enabled }}
- name: revocations
  configMap: { name: {{ $name }}-revocations }
{{- with .revocation.upperCrls }}
- name: crls
  projected:
    sources:
      {{- range $number, $crl := . }}
      - configMap: { name: {{ $crl.configMap }}, optional: true, items: [{ key: {{ $crl.key }}, path: {{ $number }}.crl }] }
      {{- end }}
{{- end }}
{{- end }}
{{- if and .api.enabled .api.clientRoots }}
- name: people
  configMap: { name: {{ $name }}-people }
{{- end }}
{{- if or .audit.witnesses.policy .audit.witnesses.ca }}
- name: witnesses
  configMap: { name: {{ $name }}-witnesses }
{{- end }}
{{- if or (eq $signer "secret") (eq $signer "pkcs11") }}
- name: issuer
  projected:
    defaultMode: 0440
    sources:
      {{- if eq $signer "secret" }}
      - secret:
          name: {{ .issuer.secret.name }}
          items:
            - { key: {{ .issuer.secret.privateKeyKey }}, path: key.pem }
            {{- if not .issuer.certificate }}
            - { key: {{ .issuer.secret.certificateKey }}, path: chain.pem }
            {{- end }}
            {{- if not (or .issuer.roots .app.tls.rootCAFile) }}
            - { key: {{ .issuer.secret.rootsKey }}, path: roots.pem }
            {{- end }}
            {{- with .issuer.secret.passphraseKey }}
            - { key: {{ . }}, path: passphrase }
            {{- end }}
      {{- end }}
      {{- if or .issuer.certificate .issuer.roots }}
      - configMap: { name: {{ $name }}-issuer }
      {{- end }}
{{- end }}
{{- $secrets := include "countersign.secrets" $ | fromYamlArray }}
{{- if $secrets }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- toYaml $secrets | nindent 6 }}
{{- end }}
{{- if not .audit.volume.persistent }}
- name: audit
  emptyDir: { sizeLimit: {{ .audit.volume.size }} }
{{- end }}
{{- range $volume, $claim := dict "archive" .audit.archive.volume "exports" .exports.volume }}
{{- if and $claim.enabled $claim.existingClaim }}
- name: {{ $volume }}
  persistentVolumeClaim: { claimName: {{ $claim.existingClaim }} }
{{- end }}
{{- end }}
{{- with .volumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The claims that each replica has for itself. */}}
{{- define "countersign.claims" -}}
{{- $claims := dict -}}
{{- with .Values -}}
{{- if .audit.volume.persistent -}}{{- $_ := set $claims "audit" .audit.volume -}}{{- end -}}
{{- if .audit.guard.enabled -}}{{- $_ := set $claims "guard" .audit.guard -}}{{- end -}}
{{- range $volume, $claim := dict "archive" .audit.archive.volume "exports" .exports.volume -}}
{{- if and $claim.enabled (not $claim.existingClaim) -}}{{- $_ := set $claims $volume $claim -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- range $volume, $claim := $claims }}
- metadata:
    name: {{ $volume }}
    {{- with $claim.annotations }}
    annotations:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  spec:
    accessModes: {{ $claim.accessModes | default (list "ReadWriteOnce") | toJson }}
    {{- with $claim.storageClassName }}
    storageClassName: {{ . }}
    {{- end }}
    resources: { requests: { storage: {{ $claim.size }} } }
{{- end }}
{{- end -}}

{{- define "countersign.secrets" -}}
{{- with .Values -}}
{{- if eq (include "countersign.signer" $) "pkcs11" }}
- secret: { name: {{ .issuer.pkcs11.pin.secretName }}, items: [{ key: {{ .issuer.pkcs11.pin.key }}, path: issuer-pin }] }
{{- end }}
{{- if .audit.key.secret.name }}
- secret: { name: {{ .audit.key.secret.name }}, items: [{ key: {{ .audit.key.secret.key }}, path: log-key }] }
{{- else if .audit.key.pkcs11.uri }}
- secret: { name: {{ .audit.key.pkcs11.pin.secretName }}, items: [{ key: {{ .audit.key.pkcs11.pin.key }}, path: log-pin }] }
{{- end }}
{{- range list "countersign.database" "countersign.archiveBucket" "countersign.sinks" }}
{{- range (include . $ | fromJson).sources }}
- {{ toJson . }}
{{- end }}
{{- end }}
{{- if .witness.enabled }}
{{- range $number, $each := .witness.keys }}
- secret: { name: {{ $each.secretName }}, items: [{ key: {{ $each.key }}, path: witness/{{ $number }} }] }
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "countersign.mounts" -}}
{{- $signer := include "countersign.signer" . -}}
- { name: audit, mountPath: /home/countersign/audit }
- { name: config, mountPath: /etc/countersign/config, readOnly: true }
{{- with .Values }}
{{- if .policy.documents }}
- { name: policies, mountPath: /etc/countersign/policies, readOnly: true }
{{- end }}
{{- if .detection.rules }}
- { name: detection, mountPath: /etc/countersign/detection, readOnly: true }
{{- end }}
{{- if .revocation.enabled }}
- { name: revocations, mountPath: /etc/countersign/revocations, readOnly: true }
{{- if .revocation.upperCrls }}
- { name: crls, mountPath: /etc/countersign/crls, readOnly: true }
{{- end }}
{{- end }}
{{- if and .api.enabled .api.clientRoots }}
- { name: people, mountPath: /etc/countersign/people, readOnly: true }
{{- end }}
{{- if or .audit.witnesses.policy .audit.witnesses.ca }}
- { name: witnesses, mountPath: /etc/countersign/witnesses, readOnly: true }
{{- end }}
{{- if or (eq $signer "secret") (eq $signer "pkcs11") }}
- { name: issuer, mountPath: /etc/countersign/issuer, readOnly: true }
{{- end }}
{{- if include "countersign.secrets" $ | fromYamlArray }}
- { name: secrets, mountPath: /etc/countersign/secrets, readOnly: true }
{{- end }}
{{- if .audit.guard.enabled }}
- { name: guard, mountPath: /var/lib/countersign-guard }
{{- end }}
{{- if .audit.archive.volume.enabled }}
- { name: archive, mountPath: /var/lib/countersign-archive }
{{- end }}
{{- if .exports.volume.enabled }}
- { name: exports, mountPath: /var/lib/countersign-exports }
{{- end }}
{{- with .volumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end -}}
