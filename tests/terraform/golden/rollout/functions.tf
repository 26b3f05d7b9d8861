# Made by `edgewise synth` from the site file; change that one, not this.

# CloudFront takes numbered versions only: each change of the code or of a setting publishes one, and
# `qualified_arn` is the newest. Old ones stay, for replicas of them live on for hours. `terraform destroy`
# leaves these functions, since CloudFront removes the replicas hours later: delete them then.
resource "aws_lambda_function" "viewer" {
  function_name    = "tea-viewer"
  description      = "Runs at viewer-request and viewer-response of tea."
  runtime          = "python3.13"
  architectures    = ["x86_64"]
  handler          = "edgewise_handler.handler"
  memory_size      = 128
  timeout          = 5
  role             = aws_iam_role.function.arn
  filename         = "${path.module}/functions/edge.zip"
  source_code_hash = filebase64sha256("${path.module}/functions/edge.zip")
  publish          = true
  skip_destroy     = true

  depends_on = [
    aws_iam_role_policy.function_logs,
    aws_iam_role_policy.function_release,
    aws_iam_role_policy.function_sessions,
    aws_iam_role_policy.function_rollout_key,
  ]
}

resource "aws_lambda_function" "origin" {
  function_name    = "tea-origin"
  description      = "Runs at origin-request and origin-response of tea."
  runtime          = "python3.13"
  architectures    = ["x86_64"]
  handler          = "edgewise_handler.handler"
  memory_size      = 128
  timeout          = 10
  role             = aws_iam_role.function.arn
  filename         = "${path.module}/functions/edge.zip"
  source_code_hash = filebase64sha256("${path.module}/functions/edge.zip")
  publish          = true
  skip_destroy     = true

  depends_on = [
    aws_iam_role_policy.function_logs,
    aws_iam_role_policy.function_release,
    aws_iam_role_policy.function_sessions,
    aws_iam_role_policy.function_rollout_key,
  ]
}

# Trusted by Lambda and by its edge. It may do what the site file names, and write its own logs: replicas
# create the group /aws/lambda/us-east-1.NAME in each region where they run.
resource "aws_iam_role" "function" {
  name        = "tea-function"
  description = "Lets the edge functions write their logs in every region where CloudFront runs them."
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Principal = {
          Service = ["lambda.amazonaws.com", "edgelambda.amazonaws.com"]
        }
        Action = "sts:AssumeRole"
      },
    ]
  })
}

resource "aws_iam_role_policy" "function_logs" {
  name = "logs"
  role = aws_iam_role.function.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Action = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = [
          "arn:${local.partition}:logs:*:${local.account_id}:log-group:/aws/lambda/us-east-1.tea-viewer:*",
          "arn:${local.partition}:logs:*:${local.account_id}:log-group:/aws/lambda/us-east-1.tea-origin:*",
        ]
      },
    ]
  })
}

resource "aws_iam_role_policy" "function_release" {
  name = "release"
  role = aws_iam_role.function.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem"]
        Resource = ["arn:${local.partition}:dynamodb:*:${local.account_id}:table/tea-release"]
      },
    ]
  })
}

resource "aws_iam_role_policy" "function_sessions" {
  name = "sessions"
  role = aws_iam_role.function.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem"]
        Resource = ["arn:${local.partition}:dynamodb:*:${local.account_id}:table/tea-sessions"]
      },
    ]
  })
}

resource "aws_iam_role_policy" "function_rollout_key" {
  name = "rollout-key"
  role = aws_iam_role.function.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["ssm:GetParameter"]
        Resource = ["arn:${local.partition}:ssm:us-east-1:${local.account_id}:parameter/tea/rollout-key"]
      },
    ]
  })
}
