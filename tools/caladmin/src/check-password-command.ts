/**
 * `principals check-password`: asks the credential sources as a log-in by Basic would, and says which one answered what. The password comes from the terminal or from
 * standard input, is kept nowhere, and is in no log. For the directory it is a log-in: a wrong one counts towards its own lock-out.
 */
import type { AccessScope, Principal, PrincipalId, Verdict } from '@kalends/contracts';
import { OK, PARTLY, UNAVAILABLE } from './exit-codes.ts';
import { NotFound, findOwner } from './find-calendar.ts';
import { gatesOf, sourceOf } from './log-in-gates.ts';
import { inTurn, schemesOf } from './log-in-schemes.ts';
import type { OpenPeople } from './open-people.ts';
import { table } from './output.ts';
import type { Output } from './output.ts';

interface Answer { readonly instance: string; readonly answer: Exclude<Verdict, object>; /** An app password: what it opens. */ readonly scope?: AccessScope; /** Whose password it is, where that was said. */ readonly principal?: PrincipalId; readonly said: readonly string[] }

const SENTENCES: Readonly<Record<Answer['answer'], string>> = {
  yes: 'yes', no: 'no: the password is wrong', disabled: 'refuses the account', 'unknown-account': 'does not know this password or account', unavailable: 'cannot be asked now',
};

const REASONS: Readonly<Record<'right' | 'unavailable' | 'refused' | 'wrong', readonly string[]>> = {
  right: [], unavailable: ['whoever could say yes or no cannot be asked'], refused: ['the account may not log in'], wrong: ['the password is wrong, or nobody\'s'],
};

/** The account as it would be typed to log in, and whose it is. @throws NotFound */
export async function accountOf({ directory }: Pick<OpenPeople, 'directory'>, named: string): Promise<{ readonly account: string; readonly owner: Principal }> {
  const byAccount = await directory.findByAccount(named);
  if (byAccount !== undefined) return { account: named, owner: byAccount };
  const owner = await findOwner(directory, named);
  const [account] = owner.accounts;
  if (account === undefined) throw new NotFound(`${owner.displayName} has no account to log in with`);
  return { account, owner };
}

export async function checkPassword(people: OpenPeople, { account, owner }: { readonly account: string; readonly owner: Principal }, password: string, output: Output): Promise<number> {
  const answers = await ask(people, account, password);
  const last = answers.at(-1);
  const right = last?.answer === 'yes';
  const unavailable = !right && last?.answer !== 'no' && last?.answer !== 'disabled' && answers.some(({ answer }) => answer === 'unavailable');
  const record = (await sourceOf(people, owner.id))?.record ?? owner;
  const gates = await gatesOf(people, owner, await people.directory.groupsOf(owner.id), record);
  const foreign = right && await isForeign(people, owner, last);
  const standing = right ? 'right' : unavailable ? 'unavailable' : last?.answer === 'disabled' ? 'refused' : 'wrong';
  const why = [...REASONS[standing], ...(foreign ? [`${last.instance} proved it, and the account means somebody of another directory`] : []), ...gates.why];
  const schemes = await schemesOf(people, owner);
  output.value({ account, principal: owner.id, password: standing, answers, letIn: why.length === 0, why, schemes });
  for (const line of table(answers.map(({ instance, answer, scope, said }) => [instance, [answer === 'yes' && scope !== undefined ? `yes: the app password ${JSON.stringify(scope.name)}` : SENTENCES[answer], ...said].join('; ')]))) output.line(line);
  output.line(why.length === 0 ? `${account} would be let in` : `${account} would not be let in: ${why.join('; ')}`);
  for (const line of table(schemes.map(({ scheme, could, how }) => [scheme, could ? how : `no: ${how}`]))) output.line(line);
  return unavailable ? UNAVAILABLE : why.length === 0 ? OK : PARTLY;
}

/** Until one says yes or no. */
async function ask({ credentials, said }: OpenPeople, account: string, password: string): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (const { instance, value } of inTurn(credentials.filter((each) => each.value.can.verify))) {
    said();
    let verdict: Verdict;
    let reason: readonly string[] = [];
    try {
      verdict = await value.verify(account, password);
    } catch (error) {
      verdict = 'unavailable';
      reason = [error instanceof Error ? error.message : String(error)];
    }
    const more = { instance, said: [...reason, ...said()] };
    const answer: Answer = typeof verdict === 'object' ? { ...more, answer: 'yes', ...verdict } : { ...more, answer: verdict };
    answers.push(answer);
    if (answer.answer !== 'unknown-account' && answer.answer !== 'unavailable') break;
  }
  return answers;
}

async function isForeign({ credentials, directory }: OpenPeople, owner: Principal, { instance, principal }: Answer): Promise<boolean> {
  const proved = credentials.find((each) => each.instance === instance)?.value.directory;
  return (principal !== undefined && principal !== owner.id) || (proved !== undefined && !(await directory.isOf(owner.id, proved)));
}
