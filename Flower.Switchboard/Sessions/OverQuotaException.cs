// SPDX-License-Identifier: BSD-2-Clause
using Grpc.Core;

namespace Flower.Switchboard.Sessions;

/// <summary>RESOURCE_EXHAUSTED since a quota is: whoever meets it is served more slowly, and logged by the quota.</summary>
internal sealed class OverQuotaException(string message) : RpcException(new Status(StatusCode.ResourceExhausted, message));
