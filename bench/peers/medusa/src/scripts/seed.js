/**
 * Fill Medusa with the items of a file: what a shop has besides by its own workflows, products by its own modules in bulk.
 * `medusa exec ./src/scripts/seed.js items.csv`
 */
"use strict";

const fs = require("node:fs");
const { ContainerRegistrationKeys, Modules } = require("@medusajs/framework/utils");
const flows = require("@medusajs/medusa/core-flows");

const CHUNK = 1000;

module.exports.default = async function seed({ container, args }) {
  const items = read(args[0]);
  const shop = await furnish(container);
  for (let first = 0; first < items.length; first += CHUNK) {
    await insert(container, items.slice(first, first + CHUNK), shop);
    console.log(`${Math.min(first + CHUNK, items.length)} products after ${process.uptime().toFixed(0)} s`);
  }
};

/** Rows of a file that we wrote ourselves: three columns, and no quotes in names but those of a comma. */
function read(path) {
  const lines = fs.readFileSync(path, "utf8").trim().split(/\r?\n/).slice(1);
  return lines.map((line) => {
    const [, id, name, cents] = /^(\d+),"?(.*?)"?,(\d+)$/.exec(line);
    return { id: id.padStart(8, "0"), number: id, name, cents: Number(cents) };
  });
}

/** Everything but products: a region with its payment, a place with its stock, a way to ship, a key for the front. */
async function furnish(container) {
  const run = async (flow, input) => (await flow(container).run({ input })).result;
  const link = container.resolve(ContainerRegistrationKeys.LINK);
  const [store] = await container.resolve(Modules.STORE).listStores();
  const [channel] = await run(flows.createSalesChannelsWorkflow, { salesChannelsData: [{ name: "Front" }] });
  await run(flows.updateStoresWorkflow, {
    selector: { id: store.id },
    update: {
      supported_currencies: [{ currency_code: "usd", is_default: true }],
      default_sales_channel_id: channel.id,
    },
  });
  await run(flows.createRegionsWorkflow, {
    regions: [
      { name: "US", currency_code: "usd", countries: ["us"], payment_providers: ["pp_system_default"] },
    ],
  });
  await run(flows.createTaxRegionsWorkflow, [{ country_code: "us", provider_id: "tp_system" }]);
  const [place] = await run(flows.createStockLocationsWorkflow, {
    locations: [{ name: "Place", address: { city: "Here", country_code: "US", address_1: "" } }],
  });
  await link.create({
    [Modules.STOCK_LOCATION]: { stock_location_id: place.id },
    [Modules.FULFILLMENT]: { fulfillment_provider_id: "manual_manual" },
  });
  const [profile] = await run(flows.createShippingProfilesWorkflow, { data: [{ name: "Default", type: "default" }] });
  const set = await container.resolve(Modules.FULFILLMENT).createFulfillmentSets({
    name: "Delivery",
    type: "shipping",
    service_zones: [{ name: "US", geo_zones: [{ country_code: "us", type: "country" }] }],
  });
  await link.create({
    [Modules.STOCK_LOCATION]: { stock_location_id: place.id },
    [Modules.FULFILLMENT]: { fulfillment_set_id: set.id },
  });
  await run(flows.createShippingOptionsWorkflow, [
    {
      name: "Standard",
      price_type: "flat",
      provider_id: "manual_manual",
      service_zone_id: set.service_zones[0].id,
      shipping_profile_id: profile.id,
      type: { label: "Standard", description: "Standard", code: "standard" },
      prices: [{ currency_code: "usd", amount: 0 }],
      rules: [
        { attribute: "enabled_in_store", value: "true", operator: "eq" },
        { attribute: "is_return", value: "false", operator: "eq" },
      ],
    },
  ]);
  await run(flows.linkSalesChannelsToStockLocationWorkflow, { id: place.id, add: [channel.id] });
  const [key] = await run(flows.createApiKeysWorkflow, {
    api_keys: [{ title: "Front", type: "publishable", created_by: "" }],
  });
  await run(flows.linkSalesChannelsToApiKeyWorkflow, { id: key.id, add: [channel.id] });
  return { channel: channel.id, place: place.id, profile: profile.id };
}

/** Products with one variant each, its price, and a stock of one; and the links between them. */
async function insert(container, items, shop) {
  const link = container.resolve(ContainerRegistrationKeys.LINK);
  const inventory = container.resolve(Modules.INVENTORY);
  await container.resolve(Modules.PRODUCT).createProducts(
    items.map(({ id, number, name }) => ({
      id: `prod_${id}`,
      title: name,
      handle: `item-${number}`,
      status: "published",
      variants: [{ id: `variant_${id}`, title: name, sku: number, manage_inventory: true }],
    })),
  );
  await container.resolve(Modules.PRICING).createPriceSets(
    items.map(({ id, cents }) => ({ id: `pset_${id}`, prices: [{ amount: cents / 100, currency_code: "usd" }] })),
  );
  await inventory.createInventoryItems(
    items.map(({ id, number, name }) => ({ id: `iitem_${id}`, sku: number, title: name })),
  );
  await inventory.createInventoryLevels(
    items.map(({ id }) => ({ inventory_item_id: `iitem_${id}`, location_id: shop.place, stocked_quantity: 1 })),
  );
  await link.create(
    items.flatMap(({ id }) => {
      const product = { product_id: `prod_${id}` };
      const variant = { variant_id: `variant_${id}` };
      return [
        { [Modules.PRODUCT]: product, [Modules.SALES_CHANNEL]: { sales_channel_id: shop.channel } },
        { [Modules.PRODUCT]: product, [Modules.FULFILLMENT]: { shipping_profile_id: shop.profile } },
        { [Modules.PRODUCT]: variant, [Modules.PRICING]: { price_set_id: `pset_${id}` } },
        {
          [Modules.PRODUCT]: variant,
          [Modules.INVENTORY]: { inventory_item_id: `iitem_${id}` },
          data: { required_quantity: 1 },
        },
      ];
    }),
  );
}
