import type { PrincipalId, PrivilegeTree } from '@kalends/contracts';
import { ALL, READ, READ_ACL, READ_CURRENT_USER_PRIVILEGE_SET, WRITE } from '@kalends/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DavError } from '../errors/dav-error.ts';
import { davPrivileges } from '../resource/privileges.ts';
import { parse } from '../xml/read.ts';
import { readAcl } from './read-acl.ts';
import type { AclTarget } from './read-acl.ts';

const [AMY, BEN] = ['id-amy', 'id-ben'] as [string, string] as unknown as [PrincipalId, PrincipalId];
const target = (more: Partial<AclTarget> = {}): AclTarget => ({
  tree: davPrivileges, owner: AMY, isItem: false, administrators: ['id-root' as PrincipalId], recognize: async (href) => (href === '/ben' ? BEN : href === '/root' ? 'id-root' as PrincipalId : undefined),
  entries: [{ principal: AMY, grant: ALL, deny: 0, isProtected: true, levelsUp: 1, undeniable: true }, { principal: 'administrators', grant: ALL, deny: 0, isProtected: true, levelsUp: 1, undeniable: true }],
  ...more,
});
const read = (aces: string, more: Partial<AclTarget> = {}): ReturnType<typeof readAcl> => readAcl(parse(`<acl xmlns="DAV:">${aces}</acl>`), target(more));
const ace = (principal: string, sense: string, ...names: readonly string[]): string => `<ace><principal>${principal}</principal><${sense}>${names.map((name) => `<privilege><${name}/></privilege>`).join('')}</${sense}></ace>`;
const refused = async (aces: string, more: Partial<AclTarget> = {}): Promise<string | undefined> => read(aces, more).then(() => 'fine', (error: unknown) => (error instanceof DavError ? error.condition?.name.local ?? String(error.status) : 'failed'));

describe('the body of an ACL request', () => {
  it('becomes entries in their order; those of a collection count below it', async () => {
    const aces = ace('<href>/ben</href>', 'deny', 'write') + ace('<all/>', 'grant', 'read', 'read-acl');
    const granted = READ | READ_CURRENT_USER_PRIVILEGE_SET | READ_ACL;
    expect(await read(aces)).toEqual([{ principal: BEN, grant: 0, deny: WRITE, inheritable: true }, { principal: 'all', grant: granted, inheritable: true }]);
    expect(await read(aces, { isItem: true })).toEqual([{ principal: BEN, grant: 0, deny: WRITE }, { principal: 'all', grant: granted }]);
  });

  it('names no abstract privilege (RFC 3744 §8.1.1 DAV:no-abstract), of a kind that has some', async () => {
    const tree: PrivilegeTree = { ...davPrivileges, abstract: true, children: davPrivileges.children!.map((child) => (child.name.local === 'write' ? { ...child, abstract: true } : child)) };
    expect([await refused(ace('<href>/ben</href>', 'grant', 'write'), { tree }), await refused(ace('<href>/ben</href>', 'grant', 'all'), { tree }), await refused(ace('<href>/ben</href>', 'grant', 'bind', 'read'), { tree })]).toEqual(['no-abstract', 'no-abstract', 'fine']);
  });

  it('conflicts with a protected entry by a denial of what that grants to the same principal, and by nothing else', async () => {
    const entries = [{ principal: BEN, grant: READ, deny: 0, isProtected: true, levelsUp: 0 }, { principal: 'authenticated', grant: WRITE, deny: 0, isProtected: true, levelsUp: 1 }] as const;
    const ben = '<href>/ben</href>';
    expect([await refused(ace(ben, 'deny', 'read'), { entries }), await refused(ace(ben, 'deny', 'all'), { entries }), await refused(ace(ben, 'deny', 'write'), { entries }), await refused(ace('<all/>', 'deny', 'read'), { entries }), await refused(ace('<authenticated/>', 'deny', 'write'), { entries })])
      .toEqual(['no-protected-ace-conflict', 'no-protected-ace-conflict', 'fine', 'fine', 'fine']);
    expect([await refused(ace('<href>/root</href>', 'deny', 'read')), await refused(ace('<property><owner/></property>', 'deny', 'read'))]).toEqual(['no-protected-ace-conflict', 'no-inherited-ace-conflict']);
  });

  it('is refused with a status and a sentence, whatever it holds', async () => {
    const name = fc.constantFrom('acl', 'ace', 'principal', 'invert', 'grant', 'deny', 'privilege', 'read', 'all', 'href', 'property', 'owner', 'protected', 'inherited', 'x');
    const tree = (depth: number): fc.Arbitrary<string> => fc.tuple(name, depth === 0 ? fc.constant([]) : fc.array(tree(depth - 1), { maxLength: 3 }), fc.constantFrom('', '/ben', ' ')).map(([tag, inner, text]) => `<${tag}>${text}${inner.join('')}</${tag}>`);
    await fc.assert(fc.asyncProperty(fc.array(tree(5), { maxLength: 3 }), async (trees) => {
      expect(await refused(trees.join(''))).not.toBe('failed');
    }), { numRuns: 300 });
    expect(await readAcl(undefined, target()).catch((error: unknown) => (error as DavError).status)).toBe(400);
    expect(await readAcl(parse('<x/>'), target()).catch((error: unknown) => (error as DavError).status)).toBe(400);
  });
});
