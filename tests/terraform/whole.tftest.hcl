# The site `whole` as Terraform itself plans it, with a provider that pretends: what only AWS knows is in `mocks`.

mock_provider "aws" {
  source          = "./mocks"
  override_during = plan
}

mock_provider "aws" {
  alias           = "eu_central_1"
  source          = "./mocks"
  override_during = plan
}

variables {
  near_image = "111122223333.dkr.ecr.us-east-1.amazonaws.com/near:1"
  far_image  = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/far:1"
}

override_resource {
  override_during = plan

  target = aws_lambda_function.viewer
  values = {
    qualified_arn = "arn:aws:lambda:us-east-1:111122223333:function:whole-viewer:7"
  }
}

override_resource {
  override_during = plan

  target = aws_lambda_function.origin
  values = {
    qualified_arn = "arn:aws:lambda:us-east-1:111122223333:function:whole-origin:3"
  }
}

run "site" {
  command = plan

  assert {
    condition = {
      for one in one(aws_cloudfront_distribution.main.default_cache_behavior).lambda_function_association :
      one.event_type => one.lambda_arn
      } == {
      "viewer-request"  = "arn:aws:lambda:us-east-1:111122223333:function:whole-viewer:7"
      "viewer-response" = "arn:aws:lambda:us-east-1:111122223333:function:whole-viewer:7"
      "origin-request"  = "arn:aws:lambda:us-east-1:111122223333:function:whole-origin:3"
      "origin-response" = "arn:aws:lambda:us-east-1:111122223333:function:whole-origin:3"
    }
    error_message = "A trigger does not run the numbered version of its function."
  }

  assert {
    condition = alltrue([
      for one in [aws_lambda_function.viewer, aws_lambda_function.origin] :
      one.publish && one.skip_destroy && length(one.environment) == 0 && one.architectures == tolist(["x86_64"])
    ])
    error_message = "An edge function is not as CloudFront wants it."
  }

  assert {
    condition     = jsondecode(aws_iam_role.function.assume_role_policy).Statement[0].Principal.Service == ["lambda.amazonaws.com", "edgelambda.amazonaws.com"]
    error_message = "The edge functions' role is trusted by others."
  }

  assert {
    condition     = toset(aws_dynamodb_table.sessions.replica[*].region_name) == toset(["eu-west-1", "ap-southeast-1"])
    error_message = "The sessions are not in every region."
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.page_views.definition).StartAt == "Country names" && strcontains(aws_sfn_state_machine.page_views.definition, aws_cloudwatch_event_bus.page_views.name) && !strcontains(aws_sfn_state_machine.page_views.definition, "$${")
    error_message = "The state machine's definition is not filled in."
  }

  assert {
    condition     = aws_lambda_permission.far_image_url.source_arn == aws_cloudfront_distribution.main.arn
    error_message = "Another distribution may call the app."
  }

  assert {
    condition     = keys(aws_route53_record.main_proof) == ["example.com"]
    error_message = "The certificate is not proved by one record for the name and its star."
  }
}
