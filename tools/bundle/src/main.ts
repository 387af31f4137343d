#!/usr/bin/env node
/** Bundles the package in the folder that it is started in. */
import { bundle } from './bundle.ts'

await bundle(process.cwd())
