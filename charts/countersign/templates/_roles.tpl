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
{{- with .Values.distribution.rootConfigMap }}
{{- if .enabled }}
# The roots in every namespace.
- { apiGroups: [''], resources: [namespaces], verbs: [list, watch] }
- { apiGroups: [''], resources: [configmaps], verbs: [create] }
- { apiGroups: [''], resources: [configmaps], resourceNames: [{{ .name }}], verbs: [get, list, watch, update] }
{{- end }}
{{- end }}
{{- with .Values.distribution.clusterTrustBundle }}
{{- if .enabled }}
# The roots as a ClusterTrustBundle. Every service account may read them.
- { apiGroups: [certificates.k8s.io], resources: [clustertrustbundles], verbs: [create] }
- { apiGroups: [certificates.k8s.io], resources: [clustertrustbundles], resourceNames: [{{ quote .name }}], verbs: [update] }
{{- if ne .signerName "none" }}
- { apiGroups: [certificates.k8s.io], resources: [signers], resourceNames: [{{ quote .signerName }}], verbs: [attest] }
{{- end }}
{{- end }}
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
{{- if .Values.podCertificates.enabled }}
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
