/** Medusa as its documentation sets it up for production, without its admin and without Redis: modules in memory. */
"use strict";

const { defineConfig } = require("@medusajs/framework/utils");

const HERE = "http://127.0.0.1";
const SECRET = "only 127.0.0.1 ever sees it";

module.exports = defineConfig({
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    databaseLogging: false,
    databaseDriverOptions: { ssl: false, connection: { ssl: false }, pool: { min: 0, max: 20 } },
    workerMode: "shared",
    http: { storeCors: HERE, adminCors: HERE, authCors: HERE, jwtSecret: SECRET, cookieSecret: SECRET },
  },
  admin: { disable: true },
});
