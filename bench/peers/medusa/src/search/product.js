/** The index of products: Medusa's own search in Postgres, which can also sort them by price as its lists cannot. */
"use strict";

const { defineSearchIndex, graphConsume, graphSeed, search } = require("@medusajs/framework/utils");

const source = {
  fields: ["id", "title", "handle", "status", "sales_channels.id", "variants.id", "variants.prices.amount"],
  batch_size: 1000,
  transform: (rows) =>
    rows.map((row) => ({
      id: row.id,
      title: row.title,
      handle: row.handle,
      status: row.status,
      sales_channel_ids: (row.sales_channels ?? []).map(({ id }) => id),
      variant_id: row.variants?.[0]?.id,
      price: Number(row.variants?.[0]?.prices?.[0]?.amount ?? 0),
    })),
};

module.exports.default = defineSearchIndex({
  name: "product",
  entity: "product",
  fields: search.define({
    id: search.keyword().filterable(),
    title: search.text().searchable({ weight: 3 }),
    handle: search.keyword(),
    status: search.keyword().filterable(),
    sales_channel_ids: search.keyword().filterable().array(),
    variant_id: search.keyword(),
    price: search.float().filterable().sortable(),
  }),
  events: ["product.created", "product.updated", "product.deleted"],
  consume: graphConsume(source),
  seed: graphSeed(source),
});
