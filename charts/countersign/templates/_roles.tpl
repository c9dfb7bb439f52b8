{{/* Rules in all namespaces, each for a feature that is switched on. docs/kubernetes.md says the same in words. */}}
{{- define "countersign.clusterRules" -}}
{{- $local := or (ne .Values.kubernetes.mode "review") .Values.podCertificates.enabled -}}
# Tokens of service accounts: each, or where a token cannot be proven from what the watch told.
- { apiGroups: [authentication.k8s.io], resources: [tokenreviews], verbs: [create] }
{{- if $local }}
# What a token is bound to, and who mounts a certificate.
- { apiGroups: [''], resources: [pods, serviceaccounts, nodes], verbs: [get, list, watch] }
{{- else if ne (include "countersign.trustedNodeAccounts" .) "[]" }}
# Whose pods run on the node of a ztunnel.
- { apiGroups: [''], resources: [pods], verbs: [get, list, watch] }
{{- end }}
{{- with .Values.podCertificates }}
{{- if .enabled }}
# Certificates for pods that mount them.
- { apiGroups: [certificates.k8s.io], resources: [podcertificaterequests], verbs: [list, watch] }
- { apiGroups: [certificates.k8s.io], resources: [podcertificaterequests/status], verbs: [patch] }
- { apiGroups: [certificates.k8s.io], resources: [signers], resourceNames: [{{ .signerName }}], verbs: [sign] }
{{- end }}
{{- end }}
{{- $names := include "countersign.signerNames" . -}}
{{- if or .Values.signingRequests.enabled $names }}
# Certificates for whom a registration authority vouches, or by the name of an issuer.
- { apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests], verbs: [list, watch] }
- { apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests/status], verbs: [patch] }
{{- end }}
{{- with .Values.signingRequests }}
{{- if .enabled }}
- { apiGroups: [certificates.k8s.io], resources: [signers], resourceNames: [{{ .signerName }}], verbs: [sign] }
{{- end }}
{{- end }}
{{- with include "countersign.approved" . | fromJsonArray }}
# Approval of those by policy.
- { apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests/approval], verbs: [patch] }
- { apiGroups: [certificates.k8s.io], resources: [signers], resourceNames: {{ toJson . }}, verbs: [approve] }
{{- end }}
{{- if $names }}
- { apiGroups: [certificates.k8s.io], resources: [signers], resourceNames: [issuers.countersign.dev/*, clusterissuers.countersign.dev/*], verbs: [sign] }
# Whether who asks may reference the Issuer of a namespace.
- { apiGroups: [authorization.k8s.io], resources: [subjectaccessreviews], verbs: [create] }
{{- end }}
{{- if .Values.certificateRequests.enabled }}
# Certificates that cert-manager asks for. Approving them is cert-manager's.
- { apiGroups: [countersign.dev], resources: [issuers, clusterissuers], verbs: [list, watch] }
- { apiGroups: [countersign.dev], resources: [issuers/status, clusterissuers/status], verbs: [patch] }
- { apiGroups: [cert-manager.io], resources: [certificaterequests], verbs: [get, list, watch] }
- { apiGroups: [cert-manager.io], resources: [certificaterequests/status], verbs: [patch] }
- { apiGroups: [events.k8s.io], resources: [events], verbs: [create] }
{{- end }}
{{- $everywhere := list -}}
{{- range list .Values.distribution.rootConfigMap .Values.distribution.crlConfigMap -}}
{{- if .enabled -}}{{- $everywhere = append $everywhere .name -}}{{- end -}}
{{- end }}
{{- with $everywhere }}
# The roots, and the CRLs, in every namespace.
- { apiGroups: [''], resources: [namespaces], verbs: [list, watch] }
- { apiGroups: [''], resources: [configmaps], verbs: [create] }
- { apiGroups: [''], resources: [configmaps], resourceNames: {{ toJson . }}, verbs: [get, list, watch, update] }
{{- end }}
{{- $bundles := list -}}
{{- $attested := list -}}
{{- with .Values.distribution.clusterTrustBundle }}
{{- if .enabled }}
{{- $bundles = append $bundles .name -}}
{{- if ne .signerName "none" }}{{- $attested = append $attested .signerName -}}{{ end -}}
{{- end }}
{{- end }}
{{- if .Values.distribution.signerTrustBundles.enabled }}
{{- range include "countersign.signers" . | fromJsonArray }}
{{- $bundles = append $bundles (printf "%s:roots" (replace "/" ":" .)) -}}
{{- $attested = append $attested . -}}
{{- end }}
{{- if $names }}{{- $attested = append $attested "clusterissuers.countersign.dev/*" -}}{{ end -}}
{{- end }}
{{- if and .Values.distribution.signerTrustBundles.enabled $names }}
# The roots as a ClusterTrustBundle of each ClusterIssuer too. No role knows their names; attest says whose may be changed.
- { apiGroups: [certificates.k8s.io], resources: [clustertrustbundles], verbs: [create, update] }
{{- else if $bundles }}
# The roots as a ClusterTrustBundle, for each that is named. Every service account may read them.
- { apiGroups: [certificates.k8s.io], resources: [clustertrustbundles], verbs: [create] }
- { apiGroups: [certificates.k8s.io], resources: [clustertrustbundles], resourceNames: {{ toJson (uniq $bundles) }}, verbs: [update] }
{{- end }}
{{- with $attested }}
- { apiGroups: [certificates.k8s.io], resources: [signers], resourceNames: {{ toJson (uniq .) }}, verbs: [attest] }
{{- end }}
{{- end -}}

{{/* Rules in single namespaces: a list of what, namespace and rules. */}}
{{- define "countersign.namespacedRules" -}}
{{- if include "countersign.distributes" . }}
# Which replica writes; the name is that of istio-csr's Lease.
- name: lease
  namespace: {{ .Values.app.controller.leaderElectionNamespace }}
  rules:
    - { apiGroups: [coordination.k8s.io], resources: [leases], verbs: [create] }
    - { apiGroups: [coordination.k8s.io], resources: [leases], resourceNames: [istio-csr], verbs: [get, update] }
{{- end }}
{{- if include "countersign.answers" . }}
# Which replica answers the objects that ask for certificates.
- name: requests
  namespace: {{ .Values.app.controller.leaderElectionNamespace }}
  rules:
    - { apiGroups: [coordination.k8s.io], resources: [leases], verbs: [create] }
    - { apiGroups: [coordination.k8s.io], resources: [leases], resourceNames: [countersign-requests], verbs: [get, update] }
{{- end }}
{{- if include "countersign.istiod" . }}
# istiod's own certificate: with an issuer of cert-manager as a Certificate, else as a Secret.
- name: istiod
  namespace: {{ .Values.app.istio.namespace }}
  rules:
    {{- if eq (include "countersign.signer" .) "cert-manager" }}
    - { apiGroups: [cert-manager.io], resources: [certificates], verbs: [create] }
    - { apiGroups: [cert-manager.io], resources: [certificates], resourceNames: [istiod-dynamic], verbs: [get, list, watch, update] }
    {{- else }}
    - { apiGroups: [''], resources: [secrets], verbs: [create] }
    - { apiGroups: [''], resources: [secrets], resourceNames: [{{ .Values.distribution.istiod.secret }}], verbs: [get, list, watch, update] }
    {{- end }}
{{- end }}
{{- with .Values.kubernetes.remoteClusters }}
{{- if .enabled }}
# Kubeconfigs of other clusters, which are found by a label: a role cannot name them.
- name: remote-clusters
  namespace: {{ .namespace }}
  rules:
    - { apiGroups: [''], resources: [secrets], verbs: [list, watch] }
{{- end }}
{{- end }}
{{- if eq (include "countersign.signer" .) "cert-manager" }}
# cert-manager's issuer signs by CertificateRequests, each of which gets a name of the API server's choosing.
- name: certificate-requests
  namespace: {{ .Values.app.certmanager.namespace }}
  rules:
    - { apiGroups: [cert-manager.io], resources: [certificaterequests], verbs: [create, get, list, watch, delete] }
    {{- with include "countersign.runtimeConfigMap" . }}
    - { apiGroups: [''], resources: [configmaps], resourceNames: [{{ . }}], verbs: [list, watch] }
    {{- end }}
{{- end }}
{{- end -}}
