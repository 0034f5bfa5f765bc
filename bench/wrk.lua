-- Sends the requests of a file: each thread every so many, from a place of its own, over and over or once.
-- Arguments: the file, "over" or "once", a text that each answer must have in it.

local threads = {}

function setup(thread)
   thread:set("place", #threads)
   table.insert(threads, thread)
   for _, one in ipairs(threads) do one:set("many", #threads) end
end

function init(args)
   local file = assert(io.open(args[1], "rb"))
   requests, at, unlike, ended = {}, 0, 0, false
   once, expected = args[2] == "once", args[3] or ""
   local number = 0
   while true do
      local length = file:read("*n")
      if not length then break end
      file:read(1)
      local raw = file:read(length)
      if number % many == place then requests[#requests + 1] = raw end
      number = number + 1
   end
   file:close()
   if #requests == 0 then error("there is no request in " .. args[1]) end
   if not once then at = math.floor(#requests * place / many) end
   if expected ~= "" then
      response = function(status, headers, body)
         if not string.find(body, expected, 1, true) then unlike = unlike + 1 end
         if once and ended then wrk.thread:stop() end
      end
   elseif once then
      response = function() if ended then wrk.thread:stop() end end
   end
end

function request()
   at = at + 1
   if at > #requests then
      if once then
         ended = true
         return "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
      end
      at = 1
   end
   return requests[at]
end

function done(summary, latency)
   local all = 0
   for _, thread in ipairs(threads) do all = all + (thread:get("unlike") or 0) end
   local errors = summary.errors
   io.write(string.format(
      "bench requests=%d duration_us=%d bytes=%d connect=%d read=%d write=%d status=%d timeout=%d unlike=%d p50_us=%d p99_us=%d max_us=%d\n",
      summary.requests, summary.duration, summary.bytes, errors.connect, errors.read, errors.write, errors.status,
      errors.timeout, all, latency:percentile(50), latency:percentile(99), latency.max))
end
