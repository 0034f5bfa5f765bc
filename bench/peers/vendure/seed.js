/**
 * Fill Vendure with the items of a file: what a shop has besides by its own populator, products by its own entities in
 * bulk, the index by its own reindexing. `node seed.js items.csv`
 */
"use strict";

const fs = require("node:fs");
const core = require("@vendure/core");
const { config, LANGUAGE } = require("./config");

const CHUNK = 1000;
const POLL_MS = 200;

const INITIAL = {
  defaultLanguage: LANGUAGE,
  defaultZone: "Americas",
  roles: [],
  countries: [{ name: "United States", code: "US", zone: "Americas" }],
  taxRates: [{ name: "No Tax", percentage: 0 }],
  shippingMethods: [{ name: "Standard Shipping", price: 0 }],
  paymentMethods: [
    {
      name: "Dummy",
      handler: { code: "dummy-payment-handler", arguments: [{ name: "automaticSettle", value: "true" }] },
    },
  ],
  collections: [],
};

async function main() {
  const items = read(process.argv[2]);
  const app = await core.bootstrap(config);
  await app.get(core.JobQueueService).start();
  await app.get(core.Populator).populateInitialData(INITIAL);
  const ctx = await app.get(core.RequestContextService).create({ apiType: "admin" });
  const { rawConnection } = app.get(core.TransactionalConnection);
  const channel = await app.get(core.ChannelService).getDefaultChannel();
  const location = await app.get(core.StockLocationService).defaultStockLocation(ctx);
  const [tax] = await rawConnection.getRepository(core.TaxCategory).find();
  for (let first = 0; first < items.length; first += CHUNK) {
    const chunk = items.slice(first, first + CHUNK);
    await rawConnection.transaction((tx) => insert(tx, chunk, channel, location, tax));
  }
  for (const table of ["product", "product_variant"]) {
    await rawConnection.query(
      `SELECT setval(pg_get_serial_sequence('${table}', 'id'), (SELECT max(id) FROM ${table}))`,
    );
  }
  console.log(`${items.length} products in ${process.uptime().toFixed(0)} s`);
  const job = await app.get(core.SearchService).reindex(ctx);
  await settled(app, job);
  console.log(`indexed after ${process.uptime().toFixed(0)} s`);
  await app.close();
}

/** Rows of a file that we wrote ourselves: three columns, and no quotes in names but those of a comma. */
function read(path) {
  const lines = fs.readFileSync(path, "utf8").trim().split(/\r?\n/).slice(1);
  return lines.map((line) => {
    const [, id, name, cents] = /^(\d+),"?(.*?)"?,(\d+)$/.exec(line);
    return { id: Number(id), name, cents: Number(cents) };
  });
}

async function insert(tx, items, channel, location, tax) {
  const put = (entity, rows) => tx.createQueryBuilder().insert().into(entity).values(rows).updateEntity(false).execute();
  await put(core.Product, items.map(({ id }) => ({ id, enabled: true })));
  await put(
    core.ProductTranslation,
    items.map(({ id, name }) => ({
      languageCode: LANGUAGE,
      name,
      slug: `item-${id}`,
      description: "",
      base: { id },
    })),
  );
  await put(
    core.ProductVariant,
    items.map(({ id }) => ({
      id,
      enabled: true,
      sku: String(id),
      product: { id },
      taxCategory: { id: tax.id },
      trackInventory: "TRUE",
      outOfStockThreshold: 0,
      useGlobalOutOfStockThreshold: true,
    })),
  );
  await put(
    core.ProductVariantTranslation,
    items.map(({ id, name }) => ({ languageCode: LANGUAGE, name, base: { id } })),
  );
  await put(
    core.ProductVariantPrice,
    items.map(({ id, cents }) => ({
      price: cents,
      channelId: channel.id,
      currencyCode: channel.defaultCurrencyCode,
      variant: { id },
    })),
  );
  await put(
    core.StockLevel,
    items.map(({ id }) => ({
      productVariant: { id },
      productVariantId: id,
      stockLocation: { id: location.id },
      stockLocationId: location.id,
      stockOnHand: 1,
      stockAllocated: 0,
    })),
  );
  const ids = items.map(({ id }) => id);
  for (const [table, column] of [
    ["product_channels_channel", "productId"],
    ["product_variant_channels_channel", "productVariantId"],
  ]) {
    await tx.query(`INSERT INTO ${table} ("${column}", "channelId") SELECT unnest($1::int[]), $2`, [ids, channel.id]);
  }
}

async function settled(app, { id }) {
  const { jobQueueStrategy } = app.get(core.ConfigService).jobQueueOptions;
  for (;;) {
    const job = await jobQueueStrategy.findOne(id);
    if (job.state === "COMPLETED") return;
    if (["FAILED", "CANCELLED"].includes(job.state)) throw new Error(`the index: ${job.error}`);
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
