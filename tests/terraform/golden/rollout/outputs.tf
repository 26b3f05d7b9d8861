# Made by `edgewise synth` from the site file; change that one, not this.

output "domain_name" {
  description = "The site's address."
  value       = aws_cloudfront_distribution.main.domain_name
}

output "distribution_id" {
  description = "The distribution's id."
  value       = aws_cloudfront_distribution.main.id
}

output "sessions_table_arn" {
  description = "The table in us-east-1 that the app writes its sessions to."
  value       = aws_dynamodb_table.sessions.arn
}
