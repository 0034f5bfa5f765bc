'use strict';
// Public Steam clients, unmodified, behind a line protocol: a test writes {"number", "do", ...} and reads
// {"number", "ok"} or {"number", "error"}. Every connection that the clients open to a host of Steam's ends at the
// simulator on 127.0.0.1, under its own certificate authority; they notice nothing.

const fs = require('fs');
const https = require('https');
const readline = require('readline');
const tls = require('tls');

const [port, caFile] = process.argv.slice(2);
const agent = new https.Agent({ keepAlive: true });
agent.createConnection = (options, connected) => {
  const home = { host: '127.0.0.1', port: Number(port), ca: fs.readFileSync(caFile) };
  return tls.connect({ ...options, ...home, servername: options.servername || options.host }, connected);
};
https.globalAgent = agent; // for the clients that make requests of their own
const Request = require('request').defaults({ agent });
const SteamCommunity = require('steamcommunity');
const SteamSignIn = require('steam-signin');
const TradeOfferManager = require('steam-tradeoffer-manager');

const accounts = new Map(); // by name: the clients of one signed-in account, and what its polls reported
const offers = new Map(); // by account and id: offers as their sender holds them

/** Call a function that takes (error, ...results); all the results, in an array. */
const called = (object, method, ...args) =>
  new Promise((resolve, reject) => {
    object[method](...args, (error, ...results) => (error ? reject(error) : resolve(results)));
  });

const shownItem = (item) => ({
  appid: Number(item.appid),
  contextid: String(item.contextid),
  assetid: String(item.assetid || item.id),
  new_assetid: item.new_assetid,
  new_contextid: item.new_contextid,
  name: item.market_hash_name,
  tradable: item.tradable,
  actions: (item.actions || []).map((action) => action.link),
  properties: item.assetProperties || item.asset_properties || null,
});

const shownOffer = (offer) => ({
  id: offer.id,
  state: offer.state,
  message: offer.message,
  partner: offer.partner.getSteamID64(),
  is_ours: offer.isOurOffer,
  give: offer.itemsToGive.map(shownItem),
  receive: offer.itemsToReceive.map(shownItem),
  tradeid: offer.tradeID,
  confirmation_method: offer.confirmationMethod,
  escrow_ends: offer.escrowEnds && offer.escrowEnds.getTime() / 1000,
});

const offerOf = async ({ manager }, id) => (await called(manager, 'getOffer', id))[0];

const deeds = {
  async login({ account, cookies, language }) {
    const community = new SteamCommunity({ request: Request });
    const manager = new TradeOfferManager({
      community,
      language,
      dataDirectory: null,
      pollInterval: -1, // polls happen when a test asks for one
      minimumPollInterval: 1000,
    });
    const events = [];
    for (const name of ['newOffer', 'sentOfferChanged', 'receivedOfferChanged', 'unknownOfferSent']) {
      manager.on(name, (offer) => events.push({ event: name, id: offer.id, state: offer.state }));
    }
    await called(manager, 'setCookies', cookies);
    accounts.set(account, { community, manager, events });
    return { steamid: manager.steamID.getSteamID64() };
  },

  async loggedIn({ community }) {
    const [loggedIn] = await called(community, 'loggedIn');
    return loggedIn;
  },

  async tradeToken({ manager }) {
    const [token] = await called(manager, 'getOfferToken');
    return token;
  },

  async inventory({ manager }, { steamid, appid, contextid, tradableOnly }) {
    const owner = steamid || manager.steamID;
    const [items, , total] = await called(
      manager, 'getUserInventoryContents', owner, appid, contextid, Boolean(tradableOnly),
    );
    return { items: items.map(shownItem), total };
  },

  async partnerInventory({ manager }, { tradeUrl, appid, contextid }) {
    const offer = manager.createOffer(tradeUrl);
    const [items] = await called(offer, 'loadPartnerInventory', appid, contextid);
    return items.map(shownItem);
  },

  async userDetails({ manager }, { tradeUrl, id }) {
    const offer = id ? await offerOf({ manager }, id) : manager.createOffer(tradeUrl);
    const [me, them] = await called(offer, 'getUserDetails');
    const shown = (side) => ({ name: side.personaName, days: side.escrowDays, apps: Object.keys(side.contexts) });
    return { me: shown(me), them: shown(them) };
  },

  async send({ manager }, { account, tradeUrl, give, receive, message, countering }) {
    const offer = countering ? (await offerOf({ manager }, countering)).counter() : manager.createOffer(tradeUrl);
    if (!countering) {
      offer.addMyItems(give || []);
      offer.addTheirItems(receive || []);
    }
    offer.setMessage(message || '');
    const [status] = await called(offer, 'send');
    offers.set(`${account}/${offer.id}`, offer);
    return { status, id: offer.id, state: offer.state };
  },

  async confirm({ community }, { secret, id }) {
    await called(community, 'acceptConfirmationForObject', secret, id);
    return true;
  },

  async offer({ manager }, { id }) {
    return shownOffer(await offerOf({ manager }, id));
  },

  async offers({ manager }, { filter }) {
    const [sent, received] = await called(manager, 'getOffers', TradeOfferManager.EOfferFilter[filter]);
    return { sent: sent.map(shownOffer), received: received.map(shownOffer) };
  },

  async accept({ manager }, { id }) {
    const [status] = await called(await offerOf({ manager }, id), 'accept');
    return status;
  },

  async decline({ manager }, { id }) {
    const offer = await offerOf({ manager }, id);
    await called(offer, 'decline');
    return offer.state;
  },

  async cancel({ manager }, { account, id }) {
    const offer = offers.get(`${account}/${id}`) || (await offerOf({ manager }, id));
    await called(offer, 'cancel');
    return offer.state;
  },

  async exchange({ manager }, { id, evenIfFailed }) {
    const offer = await offerOf({ manager }, id);
    const [status, began, received, given] = await called(offer, 'getExchangeDetails', Boolean(evenIfFailed));
    return { status, began: began.getTime() / 1000, received: received.map(shownItem), given: given.map(shownItem) };
  },

  async receivedItems({ manager }, { id }) {
    const [items] = await called(await offerOf({ manager }, id), 'getReceivedItems');
    return items.map(shownItem);
  },

  async acknowledge({ community }) {
    await called(community, 'acknowledgeTradeProtection');
    return true;
  },

  /** One full poll; the events since the last one. */
  async poll({ manager, events }) {
    await new Promise((resolve, reject) => {
      manager.once('pollSuccess', resolve);
      manager.once('pollFailure', reject);
      manager._lastPoll = 0; // its own patience between two polls is not what is tried here
      manager.doPoll(true);
    });
    return events.splice(0);
  },

  signInUrl(_, { realm, returnUrl }) {
    return new SteamSignIn(realm).getUrl(returnUrl);
  },

  async verifySignIn(_, { realm, url }) {
    return (await new SteamSignIn(realm).verifyLogin(url)).getSteamID64();
  },
};
const WITHOUT_ACCOUNT = new Set(['login', 'signInUrl', 'verifySignIn']);

async function serve(line) {
  const order = JSON.parse(line);
  let answer;
  try {
    const clients = WITHOUT_ACCOUNT.has(order.do) ? order : accounts.get(order.account);
    answer = { ok: await deeds[order.do](clients, order) };
  } catch (error) {
    answer = { error: { text: String(error.message), eresult: error.eresult, cause: error.cause } };
  }
  process.stdout.write(`${JSON.stringify({ number: order.number, ...answer })}\n`);
}

readline.createInterface({ input: process.stdin }).on('line', serve).on('close', () => process.exit(0));
