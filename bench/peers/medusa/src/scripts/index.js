/** Wait until Medusa has filled its index of products, as each start of it does. `medusa exec ./src/scripts/index.js` */
"use strict";

const { Modules } = require("@medusajs/framework/utils");

const POLL_MS = 500;
const PATIENCE_S = 1800;

module.exports.default = async function index({ container }) {
  const [, products] = await container.resolve(Modules.PRODUCT).listAndCountProducts({}, { take: 1 });
  const search = container.resolve(Modules.SEARCH);
  while (process.uptime() < PATIENCE_S) {
    const { metadata } = await search.search({ entity: "product", pagination: { take: 1 } });
    if (metadata.count >= products) {
      console.log(`${products} indexed after ${process.uptime().toFixed(0)} s`);
      return;
    }
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
  throw new Error("the index was not filled");
};
