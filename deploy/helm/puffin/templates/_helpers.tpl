{{- define "puffin.selector" -}}
app.kubernetes.io/name: puffin
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "puffin.labels" -}}
{{ include "puffin.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "puffin.image" -}}
{{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "puffin.followers" -}}
{{- $name := .Release.Name -}}
{{- range $number := until (int .Values.followers) }} --follower {{ $name }}-{{ add $number 1 }}.{{ $name }}-members:8080{{ end }}
{{- end }}
