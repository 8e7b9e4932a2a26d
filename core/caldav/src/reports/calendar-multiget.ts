/**
 * calendar-multiget REPORT (RFC 4791 §7.9): the named items, with the properties and
 * calendar-data asked for.
 *
 * One store call per collection, however many hrefs. Rows leave as they arrive, so
 * memory is one batch. Answers come in store order; the RFC asks for none.
 */
import type { CalendarStore, DavRequest, Limits, ReportSpec, XmlNode } from '@kalends/contracts';
import { READ } from '@kalends/contracts';
import { badRequest, engineOf, numberOfMatchesWithinLimits } from '@kalends/webdav';
import { caldav } from '../names.ts';
import { askedView } from '../properties/calendar-data.ts';
import type { CalendarDataView } from '../properties/calendar-data.ts';

export interface MultigetQuery {
  /** As the client wrote them; at most `limits.multigetHrefs`. */
  readonly hrefs: readonly string[];
  readonly view: CalendarDataView | undefined;
  readonly asking: XmlNode;
}

export class CalendarMultigetReport {
  readonly #store: CalendarStore;
  readonly #limits: Limits;

  constructor(store: CalendarStore, limits: Limits) {
    this.#store = store;
    this.#limits = limits;
  }

  /** Each href is judged for itself, so the resource that is asked need not be readable where items have lists of their own. */
  get spec(): ReportSpec<MultigetQuery> {
    return { name: caldav('calendar-multiget'), kinds: ['*'], requires: 0, read: (body) => this.#read(body), run: (request, query) => this.run(request, query) };
  }

  async run(dav: DavRequest, { hrefs, view, asking }: MultigetQuery): Promise<void> {
    const request = engineOf(dav);
    if ((request.resource.collection?.itemsWithAcl ?? 0) === 0) request.need(request.access, READ, request.resource.path);
    const plan = request.plan(asking);
    // `select` is the plan's, with `acl` where the collection holds items that have one.
    const { groups, rest } = await request.group(hrefs, plan);
    const out = request.multistatus();
    for (const { base, collection, names, select, access, absent: status } of groups) {
      const absent = new Set(names);
      for await (const batch of this.#store.findItems(collection.id, names, view?.wantsFacts === true ? { ...select, facts: true } : select)) {
        for (const { name } of batch) absent.delete(name);
        await out.items(base, batch, plan, access, 403);
        await out.drained();
      }
      for (const name of absent) out.named(base, name, status);
    }
    for (const { href, status } of rest) out.status(href, status);
    await out.end();
  }

  #read(body: XmlNode): MultigetQuery {
    const hrefs = body.children.filter(({ name }) => name.ns === 'DAV:' && name.local === 'href').map(({ text }) => text.trim());
    if (hrefs.length === 0) throw badRequest('A calendar-multiget names at least one href.');
    if (hrefs.length > this.#limits.multigetHrefs) throw numberOfMatchesWithinLimits();
    return { hrefs, view: askedView(body), asking: body };
  }
}
