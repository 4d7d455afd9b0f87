-- For wrk: requests at random from a file of one body or token a line, and the result as one line of JSON.
-- wrk -s wrk.lua URL -- METHOD CONTENT-TYPE FILE   (Authorization instead of a body with GET)
local requests, threads = {}, 0

function setup(thread)
	threads = threads + 1
	thread:set("number", threads)
end

function init(arguments)
	math.randomseed(os.time() * 64 + number)
	local method, kind = arguments[1], arguments[2]
	for line in io.lines(arguments[3]) do
		local headers, body = {}, nil
		if method == "GET" then
			headers["Authorization"] = "Bearer " .. line
		else
			headers["Content-Type"] = kind
			body = line
		end
		requests[#requests + 1] = wrk.format(method, nil, headers, body)
	end
end

function request()
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
