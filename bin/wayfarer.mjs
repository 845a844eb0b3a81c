#!/usr/bin/env node
import process from "node:process";

process.setSourceMapsEnabled(true);
await import("../dist/wayfarer.mjs");
