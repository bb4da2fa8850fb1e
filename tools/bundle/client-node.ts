/**
 * What the bundle of the operator has instead of @kubernetes/client-node: the kubeconfig with its authentication, without
 * the classes of every API, which take 60 MB. The base class of the operator imports the others only to have them: what
 * it does with them is overridden, and whoever uses them nevertheless is told.
 */
export { KubeConfig } from '../../node_modules/@kubernetes/client-node/dist/config.js'

/** Made by the base class in its constructor, and never asked for anything. */
export class CoreV1Api {}

export class Watch {
  constructor() {
    throw new Error('the bundle has no Watch: use a Reflector')
  }
}

export function loadYaml(): never {
  throw new Error('the bundle reads no YAML: CRDs come with the chart')
}
