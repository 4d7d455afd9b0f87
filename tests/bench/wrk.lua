-- For wrk: requests at random from a file of one body or token a line, and the result as one line of JSON.
-- wrk -s wrk.lua URL -- METHOD CONTENT-TYPE FILE   (with GET the name of a header instead, of which a line is the value)
-- Forms are sent one after the other, each once: they have codes that are good for one use.
local requests, threads, sent, forms = {}, 0, 0, false

function setup(thread)
	threads = threads + 1
	thread:set("number", threads)
end

function init(arguments)
	math.randomseed(os.time() * 64 + number)
	local method, kind, lines = arguments[1], arguments[2], 0
	forms = kind == "application/x-www-form-urlencoded"
	for line in io.lines(arguments[3]) do
		local headers, body = {}, nil
		if method == "GET" then
			headers[kind] = line
		else
			headers["Content-Type"] = kind
			body = line
		end
		lines = lines + 1
		if not forms or lines % 2 == number % 2 then
			requests[#requests + 1] = wrk.format(method, nil, headers, body)
		end
	end
end

function request()
	if forms then
		sent = sent + 1
		return requests[sent] or requests[1]
	end
	return requests[math.random(#requests)]
end

function done(summary, latency, rates)
	local errors = summary.errors
	print(string.format(
		'RESULT {"requests":%d,"microseconds":%d,"refused":%d,"broken":%d,"p50":%d,"p99":%d,"longest":%d}',
		summary.requests, summary.duration, errors.status,
		errors.connect + errors.read + errors.write + errors.timeout,
		latency:percentile(50), latency:percentile(99), latency.max))
end
