#!/usr/bin/env -S node --max-semi-space-size=16
import { setFlagsFromString } from 'node:v8';
import { main } from '../dist/main.js';

// The young generation above is the main heap's. While the flag stands, threads get the same, whatever limits they are made with.
setFlagsFromString('--max-semi-space-size=0');
process.exit(await main(process.argv.slice(2)));
