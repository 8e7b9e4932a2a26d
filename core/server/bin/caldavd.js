#!/usr/bin/env -S node --max-semi-space-size=16
import { main } from '../dist/main.js';
process.exit(await main(process.argv.slice(2)));
