/**
 * Vendure as its documentation sets it up for production: no playground, no debugging, no introspection, errors logged.
 * Jobs and cache are in memory (its defaults), so that one process is the whole shop and needs no Redis.
 */
"use strict";

const {
  DefaultLogger,
  DefaultSearchPlugin,
  LanguageCode,
  LogLevel,
  dummyPaymentHandler,
} = require("@vendure/core");

exports.LANGUAGE = LanguageCode.en;

exports.config = {
  logger: new DefaultLogger({ level: LogLevel.Error, timestamp: false }),
  apiOptions: {
    hostname: "127.0.0.1",
    port: Number(process.env.PEER_PORT),
    adminApiPath: "admin-api",
    shopApiPath: "shop-api",
    introspection: false,
  },
  authOptions: {
    tokenMethod: ["bearer", "cookie"],
    superadminCredentials: { identifier: "peer", password: "only 127.0.0.1 ever sees it" },
    cookieOptions: { secret: "only 127.0.0.1 ever sees it" },
  },
  dbConnectionOptions: {
    type: "postgres",
    host: process.env.PGHOST,
    username: process.env.PGUSER,
    database: process.env.PEER_DATABASE,
    synchronize: process.env.PEER_MAKE_TABLES === "yes",
    logging: false,
    extra: { max: 20 },
  },
  paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
  plugins: [DefaultSearchPlugin.init({ bufferUpdates: false, indexStockStatus: false })],
};
