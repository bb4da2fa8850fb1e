/** README.md of the chart: how to install it, and a table of its values. */
import { code, table } from '../generate-reference.ts'
import type { Value } from './values.ts'

/** Markdown of charts/accesslog-operator/README.md. */
export function chartReadme(values: readonly Value[]): string {
  return `<!-- Generated from values.yaml by \`npm run generate\`. Do not edit. -->

# accesslog-operator

Access logs of everything that runs on the nodes of a cluster, without instrumentation. The chart installs an operator,
an agent on every node, and a policy by which they capture.

## Install

\`\`\`sh
kubectl create namespace accesslog
kubectl label namespace accesslog pod-security.kubernetes.io/enforce=privileged
helm install accesslog charts/accesslog-operator --namespace accesslog --set backend.address=oap.skywalking:11800
\`\`\`

Agents see the processes of their node (\`hostPID\`), which the Pod Security Standards allow in privileged namespaces only.
They are not privileged containers: they have the capabilities that capturing needs, and no more. The operator is
\`restricted\`. Then:

\`\`\`sh
kubectl get accesslogpolicies      # what is wanted, and on how many nodes it is done
kubectl get accesslogstatus        # what each node does
\`\`\`

## Upgrade

\`helm upgrade\` also upgrades the definitions of the kinds, with Helm 4. With Helm 3, do it first by
\`kubectl apply --server-side --force-conflicts -f charts/accesslog-operator/crds\` and set \`crds.upgrade=false\`.

## Uninstall

\`helm uninstall\` stops all capturing. The definitions of the kinds, your own policies and what was last known of each node
stay; to remove them, too:
\`kubectl delete crd accesslogpolicies.accesslog.dev accesslogconfigs.accesslog.dev accesslogstatuses.accesslog.dev\`.

## Who may do what

- **The operator** reads nodes, pods and Services of the cluster and writes the three kinds. It reads no Secret but those
  named in \`backend.secrets\`, in its own namespace.
- **An agent** reads configs, and the pods of the cluster, of which it asks for those of its own node. It writes nothing
  but the status of the AccessLogStatus of its own node: a ValidatingAdmissionPolicy compares the node in its token with
  the name of the object. It reads no Secret; those of the backend are mounted by the kubelet.

## TLS and token of the backend

\`\`\`sh
kubectl -n accesslog create secret generic oap-ca --from-file=ca.crt
kubectl -n accesslog create secret generic oap-token --from-literal=token=…
helm upgrade accesslog charts/accesslog-operator --namespace accesslog --reuse-values \\
  --set backend.tls.caSecretRef.name=oap-ca --set backend.authentication.secretRef.name=oap-token
\`\`\`

Secrets that only policies refer to are listed in \`backend.secrets\`. They may be created later, and changed at any time:
the kubelet brings them to the agents within about a minute.

## Values

Unknown keys are refused.

${table(['Value', 'Default', 'Meaning'], values.map(row))}
`
}

function row({ path, fallback, description }: Value): string[] {
  const text = path.join('.') === 'defaultPolicy.spec' ? "every field's own" : code(JSON.stringify(fallback))
  return [code(path.join('.')), text, description]
}
