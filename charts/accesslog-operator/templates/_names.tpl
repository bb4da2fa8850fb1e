{{/* Beginning of the names of all objects. */}}
{{- define "accesslog.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if hasPrefix (printf "%s-" .Release.Name) $name -}}
{{- $name | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Name of an object that is not in a namespace: other releases may be in other namespaces. */}}
{{- define "accesslog.clusterName" -}}
{{- printf "%s:%s" .Release.Namespace (include "accesslog.fullname" .) -}}
{{- end -}}

{{/* The same, where colons are not allowed. */}}
{{- define "accesslog.clusterDnsName" -}}
{{- printf "%s.%s" .Release.Namespace (include "accesslog.fullname" .) -}}
{{- end -}}

{{- define "accesslog.operator.serviceAccount" -}}
{{- default (ternary (printf "%s-operator" (include "accesslog.fullname" .)) "default" .Values.operator.serviceAccount.create) .Values.operator.serviceAccount.name -}}
{{- end -}}

{{- define "accesslog.agent.serviceAccount" -}}
{{- default (ternary (printf "%s-agent" (include "accesslog.fullname" .)) "default" .Values.agent.serviceAccount.create) .Values.agent.serviceAccount.name -}}
{{- end -}}

{{/* Labels that select the pods of a component; they never change. Argument: (list context component). */}}
{{- define "accesslog.selectorLabels" -}}
{{- $context := index . 0 -}}
app.kubernetes.io/name: {{ default $context.Chart.Name $context.Values.nameOverride | trunc 63 | quote }}
app.kubernetes.io/instance: {{ $context.Release.Name | quote }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* All labels of an object. Argument: (list context component). */}}
{{- define "accesslog.labels" -}}
{{- $context := index . 0 -}}
{{ include "accesslog.selectorLabels" . }}
app.kubernetes.io/part-of: accesslog-operator
app.kubernetes.io/version: {{ $context.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $context.Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" $context.Chart.Name $context.Chart.Version | replace "+" "_" | quote }}
{{- with $context.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Argument: (list context image). */}}
{{- define "accesslog.image" -}}
{{- $context := index . 0 -}}
{{- $image := index . 1 -}}
{{- with $context.Values.imageRegistry }}{{ . }}/{{ end -}}
{{- $image.repository -}}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ default $context.Chart.AppVersion $image.tag }}{{ end -}}
{{- end -}}

{{/* Secrets that policies may refer to, as JSON: those listed, and those that the values themselves refer to. */}}
{{- define "accesslog.backendSecrets" -}}
{{- $names := .Values.backend.secrets -}}
{{- range $backend := list .Values.backend (default dict .Values.defaultPolicy.spec.backend) -}}
{{- $tls := default dict $backend.tls -}}
{{- range $ref := list $tls.caSecretRef $tls.clientSecretRef (default dict $backend.authentication).secretRef -}}
{{- with $ref }}{{ $names = append $names .name }}{{ end -}}
{{- end -}}
{{- end -}}
{{- $names | uniq | sortAlpha | toJson -}}
{{- end -}}
