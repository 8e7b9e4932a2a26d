/**
 * WebDAV itself as a feature: the methods every resource has, those of plain files, and the properties of RFC 4918 and its extensions. Which kinds there are, and
 * where, other features say.
 */
import type { DavFeature } from '@kalends/contracts';
import { copy, move } from './methods/copy-move.ts';
import { deleteFile, deleteFiles } from './methods/delete.ts';
import { getCollection, getFile } from './methods/get.ts';
import { lock } from './methods/lock.ts';
import { mkcolElsewhere, mkcolFile } from './methods/mkcol.ts';
import { options } from './methods/options.ts';
import { propfind } from './methods/propfind.ts';
import { proppatch } from './methods/proppatch.ts';
import { putCollection, putFile } from './methods/put.ts';
import { report } from './methods/report.ts';
import { unlock } from './methods/unlock.ts';
import { webdavProperties } from './properties/live-webdav.ts';
import { syncCollection } from './reports/sync-collection.ts';

export const webdavFeature: DavFeature = {
  name: 'webdav',
  // RFC 4918 §18. RFC 5689 §3.1. Whole homes sync (RFC 6578).
  compliance: ['1', '2', '3', 'extended-mkcol', 'calendarserver-home-sync'],
  methods: [options, propfind, proppatch, report, getFile, getCollection, putFile, putCollection, deleteFile, deleteFiles, mkcolFile, mkcolElsewhere, copy, move, lock, unlock],
  reports: [syncCollection],
  properties: webdavProperties,
};
