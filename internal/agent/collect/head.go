package collect

// head is the request as the model gets it: as it came, but for one more address in X-Forwarded-For and the correlation id.
func (p *passing) head(out []byte) []byte {
	c, r := p.client, &p.client.request
	out = append(out, r.Method...)
	out = append(append(append(out, ' '), r.Target...), " HTTP/1.1\r\n"...)
	forwarded := []byte(nil)
	for _, field := range r.Fields {
		switch {
		case field.Is("connection"), field.Is("keep-alive"), field.Is("proxy-connection"), field.Is("proxy-authenticate"), field.Is("proxy-authorization"):
			continue
		case field.Is("x-forwarded-for"):
			forwarded = append(append(forwarded, field.Value...), ", "...)
			continue
		case p.scoring && field.Is("x-correlation-id"):
			continue
		}
		out = appendField(out, field.Name, field.Value)
	}
	if c.address != "" {
		out = append(append(out, "X-Forwarded-For: "...), forwarded...)
		out = append(append(out, c.address...), "\r\n"...)
	}
	if p.scoring {
		out = appendField(out, correlationField, p.admitted.correlationID)
	}
	out = append(out, "\r\n"...)
	return append(out, c.buffer[r.Size:r.Size+int(r.ContentLength)]...)
}

const correlationField = CorrelationHeader

func appendField[N, V string | []byte](to []byte, name N, value V) []byte {
	to = append(append(to, name...), ": "...)
	return append(append(to, value...), "\r\n"...)
}
