-- SPDX-License-Identifier: Apache-2.0
--
-- mod_kith_signed_form: accounts only for things of makers that the operator knows
-- (XEP-0348, signed forms, on top of Prosody's mod_register_ibr).  The maker has a
-- name and a secret; a thing that signs its registration with it is let in.  It does
-- not say who the thing is: that is its owner's business.
--
--	plugin_paths = { "/etc/kith/prosody" }
--	modules_enabled = { ...; "register_ibr"; "kith_signed_form" }
--	signed_form_makers = {
--		["kith.example"] = { secret = "the text of maker.secret", per_day = 500 };
--	}
--
-- HMAC-SHA1 only.  What deployed clients do differently is taken as it comes: the
-- address in the signed text is empty or this domain, names are sorted with or without
-- regard to case, the signature is percent-encoded or not.

local st = require "util.stanza";
local hashes = require "util.hashes";
local base64 = require "util.encodings".base64;
local random = require "util.random";
local cache = require "util.cache";
local hex = require "util.hex";

module:depends("register_ibr");

local makers = module:get_option("signed_form_makers", {});
local window = module:get_option_number("signed_form_window", 300);	-- seconds a clock may be off
local xmlns = "urn:xmpp:xdata:signature:oauth1";
local xmlns_data = "jabber:x:data";

-- Nonces of the window; when there is no room, the oldest ones that could still be
-- replayed must not be forgotten, so newcomers wait.
local seen = cache.new(module:get_option_number("signed_form_nonces", 100000), function(_, at)
	return os.time() - at > 2 * window;
end);
local today, count = 0, {};

module:add_feature(xmlns);

local function escape(text)
	return (text:gsub("[^A-Za-z0-9%-%._~]", function(c)
		return ("%%%02X"):format(c:byte());
	end));
end

local function unescape(text)
	return (text:gsub("%%(%x%x)", function(code)
		return string.char(tonumber(code, 16));
	end));
end

-- XEP-0348 3.2 to 3.4
local function signed_text(fields, to, folded)
	local names, pairs_ = {}, {};
	for name in pairs(fields) do
		if name ~= "oauth_signature" and name ~= "oauth_token_secret" then
			names[#names + 1] = name;
		end
	end
	table.sort(names, function(a, b)
		if folded and a:lower() ~= b:lower() then
			return a:lower() < b:lower();
		end
		return a < b;
	end);
	for i, name in ipairs(names) do
		pairs_[i] = escape(name).."="..escape(fields[name]);
	end
	return "submit&"..escape(to).."&"..escape(table.concat(pairs_, "&"));
end

local function is_signed(fields, secret, token_secret)
	local key = escape(secret).."&"..escape(token_secret);
	local given = unescape(fields.oauth_signature or "");
	local good = false;
	for _, to in ipairs { "", module.host } do
		for _, folded in ipairs { false, true } do
			local want = base64.encode(hashes.hmac_sha1(key, signed_text(fields, to, folded)));
			good = hashes.equals(want, given) or good;
		end
	end
	return good;
end

-- Field values by name; nil: one name twice, or several values in one.
local function read_fields(form)
	local fields = {};
	for field in form:childtags("field", xmlns_data) do
		local name, values = field.attr.var, 0;
		for _ in field:childtags("value", xmlns_data) do
			values = values + 1;
		end
		if name then
			if fields[name] or values > 1 then
				return nil;
			end
			fields[name] = field:get_child_text("value", xmlns_data) or "";
		end
	end
	return fields;
end

local function within_quota(key, maker)
	local day = math.floor(os.time() / 86400);
	if day ~= today then
		today, count = day, {};
	end
	count[key] = (count[key] or 0) + 1;
	return count[key] <= (maker.per_day or 1000);
end

-- Why it is refused: condition and a reason for the log; nil: it is good.
local function judge(fields, given)
	local key = fields and fields.oauth_consumer_key;
	local maker = key and makers[key];
	local at = fields and tonumber(fields.oauth_timestamp or "");
	if not fields or not given then
		return "bad-request", "not a form that was given out";
	elseif not maker then
		return "bad-request", "unknown maker";
	elseif fields.oauth_token ~= given.token or fields.oauth_version ~= "1.0" or
	    fields.oauth_signature_method ~= "HMAC-SHA1" then
		return "bad-request", "not the token, version or method that was given out";
	elseif not is_signed(fields, maker.secret, given.secret) then
		return "bad-request", "wrong signature";
	elseif not at or math.abs(os.time() - at) > window then
		return "bad-request", "signed at another time";
	elseif #(fields.oauth_nonce or "") < 8 or seen:get(key.."\0"..fields.oauth_nonce) then
		return "bad-request", "nonce used before";
	elseif not within_quota(key, maker) then
		return "resource-constraint", "the maker's quota of this day is used up";
	elseif not seen:set(key.."\0"..fields.oauth_nonce, os.time()) then
		return "resource-constraint", "too many registrations at once";
	end
end

local function field(form, name, kind, value)
	form:tag("field", { var = name, type = kind });
	if kind ~= "hidden" then
		form:tag("required"):up();
	end
	if value then
		form:text_tag("value", value);
	end
	form:up();
end

local function send_form(session, stanza)
	-- A form is good for one attempt.
	local given = { token = hex.to(random.bytes(16)), secret = hex.to(random.bytes(16)) };
	session.kith_signed_form = given;
	local reply = st.reply(stanza):query("jabber:iq:register");
	reply:text_tag("instructions", "Accounts are for things of makers that are known here.");
	reply:tag("x", { xmlns = xmlns_data, type = "form" });
	field(reply, "FORM_TYPE", "hidden", xmlns);
	field(reply, "username", "text-single");
	field(reply, "password", "text-private");
	field(reply, "oauth_version", "hidden", "1.0");
	field(reply, "oauth_signature_method", "hidden", "HMAC-SHA1");
	field(reply, "oauth_token", "hidden", given.token);
	field(reply, "oauth_token_secret", "hidden", given.secret);
	field(reply, "oauth_nonce", "hidden", "");
	-- Our time, for whoever has no clock yet.
	field(reply, "oauth_timestamp", "hidden", tostring(os.time()));
	field(reply, "oauth_consumer_key", "hidden", "");
	field(reply, "oauth_signature", "hidden", "");
	session.send(reply);
	return true;
end

module:hook("stanza/iq/jabber:iq:register:query", function(event)
	local session, stanza = event.origin, event.stanza;
	if session.type ~= "c2s_unauthed" or not session.secure then
		return;		-- mod_register_ibr has the answer to that
	end
	if stanza.attr.type == "get" then
		return send_form(session, stanza);
	end
	local query = stanza.tags[1];
	local form = query:get_child("x", xmlns_data);
	local given = session.kith_signed_form;
	session.kith_signed_form = nil;
	local fields = form and read_fields(form);
	local condition, why = judge(fields, given);
	if condition then
		module:log("info", "No account for a thing of %q from %s: %s",
			tostring(fields and fields.oauth_consumer_key), session.ip or "?", why);
		session.send(st.error_reply(stanza, condition == "bad-request" and "modify" or "wait",
			condition));
		return true;
	end
	module:log("info", "A thing of %q registers from %s", fields.oauth_consumer_key,
		session.ip or "?");
	-- From here on it is a plain registration.
	query:maptags(function() return nil; end);
	query:text_tag("username", fields.username or ""):text_tag("password", fields.password or "");
end, 10);
