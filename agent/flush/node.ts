/** Who is talking: EBPFAccessLogNodeInfo, the head of every stream. */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ProtobufWriter, textMaxBytes } from '../logs/protobuf.ts'

const NS_PER_SECOND = 1_000_000_000n

export interface NetInterface {
  /** As the kernel numbers it in the host's network namespace. */
  index: number
  /** Bytes. */
  mtu: number
  name: string
}

export interface NodeInfo {
  name: string
  netInterfaces: readonly NetInterface[]
  /** CLOCK_REALTIME minus CLOCK_MONOTONIC, nanoseconds since the epoch: zero of every time in the logs. */
  bootTimeNs: bigint
  /** Empty: none. */
  clusterName: string
  excludeNamespaces: readonly string[]
}

/**
 * The interfaces of the network namespace whose sysfs is mounted at `sysfs`, by index. One that disappears while it
 * is read is left out. @throws when sysfs itself cannot be read
 */
export function readNetInterfaces(sysfs = '/sys/class/net'): NetInterface[] {
  return readdirSync(sysfs)
    .map((name) => ({
      name,
      index: readNumber(join(sysfs, name, 'ifindex')),
      mtu: readNumber(join(sysfs, name, 'mtu')),
    }))
    .filter(({ index }) => index > 0)
    .sort((a, b) => a.index - b.index)
}

/** 0 when there is no such number, as in the files that some drivers put beside the interfaces. */
function readNumber(path: string): number {
  try {
    return Number.parseInt(readFileSync(path, 'latin1'), 10) || 0
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EINVAL'].includes((error as NodeJS.ErrnoException).code ?? '')) return 0
    throw error
  }
}

/** EBPFAccessLogMessage.node, field tag and all, for `withNode`. */
export function encodeNode(node: NodeInfo): Uint8Array {
  const writer = new ProtobufWriter(nodeMaxBytes(node))
  writer.byte(0x0a)
  const start = writer.open(2)
  writer.textField(0x0a, node.name)
  for (const netInterface of node.netInterfaces) writeNetInterface(writer, netInterface)
  writeInstant(writer, node.bootTimeNs)
  writer.textField(0x22, node.clusterName)
  if (node.excludeNamespaces.length > 0) writePolicy(writer, node.excludeNamespaces)
  writer.close(start, 2)
  return new Uint8Array(writer.bytes.subarray(0, writer.length))
}

function nodeMaxBytes(node: NodeInfo): number {
  const names = [node.name, node.clusterName, ...node.excludeNamespaces]
  const interfaces = node.netInterfaces.map(({ name }) => name)
  return [...names, ...interfaces].reduce((sum, name) => sum + textMaxBytes(name) + 32, 128)
}

function writeNetInterface(writer: ProtobufWriter, { index, mtu, name }: NetInterface): void {
  writer.byte(0x12)
  const start = writer.open(1)
  writer.varintField(0x08, index)
  writer.varintField(0x10, mtu)
  writer.textField(0x1a, name)
  writer.close(start, 1)
}

function writeInstant(writer: ProtobufWriter, ns: bigint): void {
  writer.byte(0x1a)
  const start = writer.open(1)
  writer.varintField(0x08, Number(ns / NS_PER_SECOND))
  writer.varintField(0x10, Number(ns % NS_PER_SECOND))
  writer.close(start, 1)
}

function writePolicy(writer: ProtobufWriter, excludeNamespaces: readonly string[]): void {
  writer.byte(0x2a)
  const start = writer.open(1)
  for (const namespace of excludeNamespaces) {
    writer.byte(0x0a)
    writer.text(namespace)
  }
  writer.close(start, 1)
}
