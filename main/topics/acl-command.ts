import kafkajs, { type AclEntry, type Admin } from 'kafkajs';
import { type Grant, grantsOf } from '../../message-log/kafka/acls.ts';
import { LOG_USERS, type LogUser } from '../../records/topics.ts';

export interface AclOptions {
  readonly prefix: string;
  /** The principal of each role, with `ROLE` in place of the role's name: `User:tocsin-ROLE`. */
  readonly principal: string;
}

const { AclOperationTypes: OPERATIONS, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
const KINDS = { topic: AclResourceTypes.TOPIC, group: AclResourceTypes.GROUP, 'transactional-id': AclResourceTypes.TRANSACTIONAL_ID };
const PATTERNS = { literal: ResourcePatternTypes.LITERAL, prefixed: ResourcePatternTypes.PREFIXED };
const OPERATION_TYPES = {
  Read: OPERATIONS.READ,
  Write: OPERATIONS.WRITE,
  Describe: OPERATIONS.DESCRIBE,
  DescribeConfigs: OPERATIONS.DESCRIBE_CONFIGS,
};

/** The commands of Kafka's own tool, for whoever administers the cluster. */
export function aclCommands({ prefix, principal }: AclOptions, brokers: readonly string[]): string[] {
  const tool = `kafka-acls --bootstrap-server ${brokers.join(',')} --command-config admin.properties --add`;
  return LOG_USERS.flatMap((role) => [
    `# ${role}`,
    ...alike(grantsOf(role, prefix)).map(([{ kind, pattern, operations }, names]) => {
      const on = names.map((name) => `--${kind} '${name}'`).join(' ');
      const prefixed = pattern === 'prefixed' ? ' --resource-pattern-type prefixed' : '';
      const allowed = operations.map((operation) => `--operation ${operation}`).join(' ');
      return `${tool} --allow-principal '${principalOf(principal, role)}' ${allowed} ${on}${prefixed}`;
    }),
  ]);
}

/** Grants that differ only in the name, with all their names. */
function alike(grants: readonly Grant[]): [Grant, string[]][] {
  const groups = new Map<string, [Grant, string[]]>();
  for (const grant of grants) {
    const key = [grant.kind, grant.pattern, ...grant.operations].join();
    const group = groups.get(key) ?? [grant, []];
    group[1].push(grant.name);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Creates the ACLs that the roles need, and reports what else they may do. Resolves with lines for a person and whether each role has exactly what it needs. */
export async function createAcls(admin: Admin, options: AclOptions): Promise<{ readonly lines: readonly string[]; readonly fit: boolean }> {
  const entries = LOG_USERS.map((role) => ({ role, needed: entriesOf(role, options) }));
  await admin.createAcls({ acl: entries.flatMap(({ needed }) => needed) });
  const lines: string[] = [];
  let fit = true;
  for (const { role, needed } of entries) {
    const principal = principalOf(options.principal, role);
    const more = await beyond(admin, principal, needed);
    fit &&= more.length === 0;
    lines.push(
      `${principal} may do the ${needed.length} things that the ${role} needs`,
      ...more.map((text) => `  and, without need: ${text}`),
    );
  }
  return { lines, fit };
}

function entriesOf(role: LogUser, { prefix, principal }: AclOptions): AclEntry[] {
  return grantsOf(role, prefix).flatMap(({ kind, name, pattern, operations }) =>
    operations.map((operation) => ({
      resourceType: KINDS[kind],
      resourceName: name,
      resourcePatternType: PATTERNS[pattern],
      principal: principalOf(principal, role),
      host: '*',
      operation: OPERATION_TYPES[operation],
      permissionType: AclPermissionTypes.ALLOW,
    })),
  );
}

async function beyond(admin: Admin, principal: string, needed: readonly AclEntry[]): Promise<string[]> {
  const { resources } = await admin.describeAcls({
    principal,
    resourceType: AclResourceTypes.ANY,
    resourcePatternType: ResourcePatternTypes.ANY,
    operation: OPERATIONS.ANY,
    permissionType: AclPermissionTypes.ALLOW,
  });
  return resources.flatMap(({ resourceType, resourceName, resourcePatternType, acls }) =>
    acls
      .filter(({ operation }) => {
        const isThis = (entry: AclEntry): boolean =>
          entry.resourceType === resourceType &&
          entry.resourceName === resourceName &&
          entry.resourcePatternType === resourcePatternType &&
          entry.operation === operation;
        return !needed.some(isThis);
      })
      .map(({ operation }) => `${wordOf(OPERATIONS, operation)} on ${wordOf(AclResourceTypes, resourceType)} ${resourceName}`),
  );
}

function wordOf(names: object, value: number): string {
  return (
    Object.entries(names)
      .find(([, candidate]) => candidate === value)?.[0]
      .toLowerCase()
      .replaceAll('_', ' ') ?? String(value)
  );
}

function principalOf(template: string, role: LogUser): string {
  return template.replace('ROLE', role);
}
