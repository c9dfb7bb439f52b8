{{/* What a path of the configuration is on: kept, emptyDir, or none where it cannot be written at all: (list ROOT PATH) */}}
{{- define "countersign.volumeAt" -}}
{{- $values := (index . 0).Values -}}
{{- $path := index . 1 -}}
{{- $found := "none" -}}
{{- $longest := 0 -}}
{{- $mounts := append $values.volumeMounts (dict "name" "" "mountPath" "/home/countersign/audit") -}}
{{- range $mount := $mounts -}}
{{- $place := trimSuffix "/" $mount.mountPath -}}
{{- if and (hasPrefix (printf "%s/" $place) (printf "%s/" $path)) (ge (len $place) $longest) -}}
{{- $longest = len $place -}}
{{- $found = or (ne $mount.name "") $values.audit.volume.persistent | ternary "kept" "emptyDir" -}}
{{- range $values.volumes -}}{{- if and (eq .name $mount.name) (hasKey . "emptyDir") -}}{{- $found = "emptyDir" -}}{{- end -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- $found -}}
{{- end -}}

{{/* Fails unless what is written there stays: (list ROOT FIELD PATH VALUE), VALUE being what to use instead */}}
{{- define "countersign.checkKept" -}}
{{- $on := include "countersign.volumeAt" (list (index . 0) (index . 2)) -}}
{{- if eq $on "emptyDir" -}}{{- fail (printf "%s: %s is on an emptyDir, which ends with its pod: use %s" (index . 1) (index . 2) (index . 3)) -}}{{- end -}}
{{- if eq $on "none" -}}{{- fail (printf "%s: %s is on no volume, and the pod's own files cannot be written: use %s" (index . 1) (index . 2) (index . 3)) -}}{{- end -}}
{{- end -}}

{{/* What of the log and its copies cannot stand beside the other values. */}}
{{- define "countersign.checkLog" -}}
{{- $config := .Values.config -}}
{{- with .Values.audit -}}
{{- $archived := or .archive.volume.enabled .archive.s3 ($config.audit).archive -}}
{{- $delivered := or $.Values.exports.sinks $config.exports -}}
{{- if and .key.secret.name .key.pkcs11.uri -}}{{- fail "audit.key.secret.name and audit.key.pkcs11.uri: the log is signed by one key" -}}{{- end -}}
{{- if and .key.pkcs11.uri (not .key.pkcs11.module) -}}{{- fail "audit.key.pkcs11.module: the path of the token's PKCS#11 library is needed" -}}{{- end -}}
{{- if and .key.pkcs11.uri (not .key.pkcs11.pin.secretName) -}}{{- fail "audit.key.pkcs11.pin.secretName: the Secret that holds the PIN is needed" -}}{{- end -}}
{{- if .store.postgres -}}
{{- if not .store.postgres.hosts -}}{{- fail "audit.store.postgres.hosts: the servers of the database are needed" -}}{{- end -}}
{{- if not (or .key.secret.name .key.pkcs11.uri (($config.audit).key)) -}}{{- fail "audit.key: replicas that share a log sign with one key: set audit.key.secret.name or audit.key.pkcs11" -}}{{- end -}}
{{- end -}}
{{- if and .witnesses.ask .witnesses.policy -}}{{- fail "audit.witnesses.ask and audit.witnesses.policy: one of them says who cosigns" -}}{{- end -}}
{{- if and .witnesses.policy .witnesses.quorum -}}{{- fail "audit.witnesses.quorum: audit.witnesses.policy says how many are enough: leave this out" -}}{{- end -}}
{{- if gt (int .witnesses.quorum) (max (len .witnesses.ask) 1) -}}{{- fail (printf "audit.witnesses.quorum: %d of %d is more than there are" (int .witnesses.quorum) (len .witnesses.ask)) -}}{{- end -}}
{{- if and .archive.volume.enabled .archive.s3 -}}{{- fail "audit.archive.volume and audit.archive.s3: the archive is in one place" -}}{{- end -}}
{{- with (($config.audit).archive).directory -}}{{- $_ := include "countersign.checkKept" (list $ "config.audit.archive.directory" . "audit.archive.volume") -}}{{- end -}}
{{- if and .retention.bodies (eq .retention.elsewhere "required") (not $archived) (not $delivered) -}}
{{- fail "audit.retention: nobody has what is dropped, and then nobody can tell who got which certificate: set audit.archive or exports.sinks, or audit.retention.elsewhere=optional if it may be gone for good" -}}
{{- end -}}
{{- if not (or .volume.persistent (include "countersign.oneLog" $)) -}}
{{- $why := "a log that ends with its pod begins anew under its name" -}}
{{- if or (include "countersign.witnessed" $) ($config.audit).witnesses -}}{{- fail (printf "audit.witnesses: %s, which is another history to a witness: set audit.volume.persistent=true" $why) -}}{{- end -}}
{{- if $archived -}}{{- fail (printf "audit.archive: %s, and the archive holds the one before: set audit.volume.persistent=true" $why) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What of the sinks cannot be so. */}}
{{- define "countersign.checkExports" -}}
{{- $names := list -}}
{{- range .Values.exports.sinks -}}
{{- if has .name $names -}}{{- fail (printf "exports.sinks: two are called %s" .name) -}}{{- end -}}
{{- $names = append $names .name -}}
{{- if hasKey .to "file" -}}
{{- if not $.Values.exports.volume.enabled -}}{{- fail (printf "exports.sinks: %s writes files, and a pod has no place of its own for them: set exports.volume.enabled=true" .name) -}}{{- end -}}
{{- if not (or $.Values.audit.volume.persistent (include "countersign.oneLog" $)) -}}{{- fail (printf "exports.sinks: %s would write over its files, since a log that ends with its pod begins anew under its name: set audit.volume.persistent=true" .name) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- range .Values.config.exports -}}
{{- with ((.to).file).directory -}}{{- $_ := include "countersign.checkKept" (list $ "config.exports: to.file.directory" . "exports.sinks and exports.volume") -}}{{- end -}}
{{- end -}}
{{- end -}}

{{/* What a witness of others must not be. */}}
{{- define "countersign.checkWitness" -}}
{{- if and (or .Values.witness.enabled .Values.config.witness) (gt (int .Values.replicaCount) 1) -}}
{{- fail (printf "witness: %d replicas would sign with one key and remember apart, so that they could be shown two histories of a log: set replicaCount=1, in a release of its own" (int .Values.replicaCount)) -}}
{{- end -}}
{{- with .Values.witness -}}
{{- if .enabled -}}
{{- if not .name -}}{{- fail "witness.name: its name in cosignatures is needed, such as witness.example.org/mesh" -}}{{- end -}}
{{- if not .keys -}}{{- fail "witness.keys: a key is needed, as countersign witness make-key makes it, in a Secret" -}}{{- end -}}
{{- if not .logs -}}{{- fail "witness.logs: the vkeys of the logs that it knows are needed" -}}{{- end -}}
{{- if not $.Values.audit.volume.persistent -}}{{- fail "witness: one that forgets with its pod what it has seen would sign another history: set audit.volume.persistent=true" -}}{{- end -}}
{{- if and $.Values.api.enabled (eq (int .port) (int $.Values.api.port)) -}}{{- fail "witness.port and api.port: two doors need two ports" -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
