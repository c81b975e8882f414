{{/* Names, labels and image references that the templates share. */}}

{{- define "sft-operator.name" -}}
{{ .Release.Name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "sft-operator.serviceAccountName" -}}
{{ .Values.serviceAccount.name | default (include "sft-operator.name" .) }}
{{- end }}

{{- define "sft-operator.selectorLabels" -}}
app.kubernetes.io/name: sft-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "sft-operator.labels" -}}
{{ include "sft-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{- end }}

{{/* Reference of one image: a digest wins over a tag. Takes a list of the image's values and the root. */}}
{{- define "sft-operator.image" -}}
{{- $image := index . 0 }}{{ $root := index . 1 -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default $root.Chart.AppVersion }}
{{- end }}
{{- end }}
