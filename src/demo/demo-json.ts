/** Writing `<data dir>/demo.json` (interfaces.md, "The demo"). */
import { readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { makeDataFolder } from '../storage/private-folder.ts'
import { parseDemoFile, type DemoFile } from '../wire/demo-file.ts'
import type { ClientKeys } from './demo-keys.ts'
import type { PatientIds } from './publish-world.ts'
import { PATIENTS } from './world-patients.ts'
import { STUDIES } from './world-studies.ts'
import { CLIENTS, MEMBERS, SOURCES, USERS } from './world.ts'

export interface DemoAddresses {
  readonly hub: string
  readonly issuer: string
  /** By the source's key. */
  readonly archives: ReadonlyMap<string, string>
}

/** The file's content; patients have the hub's ids where they are known, else the demo's. */
export function demoJson(addresses: DemoAddresses, keys: ClientKeys, patients: PatientIds): object {
  return {
    hub: addresses.hub,
    issuer: addresses.issuer,
    members: MEMBERS.map(({ key: id, name, orgnr, roles }) => ({ id, name, orgnr, roles })),
    clients: CLIENTS.map(({ id, member, scope }) => ({
      client_id: id,
      member,
      scope,
      private_jwk: keys.get(id) ?? {},
    })),
    users: USERS.map(({ username, password, name, hpr, member, role }) => ({
      username,
      password,
      name,
      hpr,
      member,
      role,
    })),
    sources: SOURCES.map(({ key: id, custodian }) => ({
      id,
      kind: 'dicomweb',
      url: addresses.archives.get(id) ?? '',
      custodian,
    })),
    patients: PATIENTS.map((patient) => ({
      id: patients.get(patient.key) ?? patient.key,
      national_id: patient.nationalId,
      national_id_system: `urn:oid:${patient.issuerOid}`,
      name: `${patient.givenName} ${patient.familyName}`,
      story: patient.story,
    })),
    studies: STUDIES.map(({ uid, patient, custodian, modality, held, instances }) => ({
      uid,
      patient: patients.get(patient) ?? patient,
      custodian,
      modality,
      held,
      instances,
    })),
  }
}

/** Holds private keys: for its owner's eyes only. */
export async function writeDemoJson(dataDir: string, content: object): Promise<string> {
  const file = path.join(dataDir, 'demo.json')
  await makeDataFolder(dataDir)
  await writeFile(`${file}.part`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 })
  await rename(`${file}.part`, file)
  return file
}

/** What an earlier start left; undefined where there is none, or it cannot be understood. */
export async function previousDemo(dataDir: string): Promise<DemoFile | undefined> {
  try {
    return parseDemoFile(await readFile(path.join(dataDir, 'demo.json'), 'utf8'))
  } catch {
    return undefined
  }
}
