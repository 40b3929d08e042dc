// SPDX-License-Identifier: BSD-2-Clause
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Rpc;

/// <summary>No wait in a test is without end.</summary>
internal static class Waiting
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static Task Soon(this Task task) => task.WaitAsync(Patience);

    public static Task<T> Soon<T>(this Task<T> task) => task.WaitAsync(Patience);

    public static Task<T> Soon<T>(this AsyncUnaryCall<T> call) => call.ResponseAsync.WaitAsync(Patience);

    /// <summary>How a call failed.</summary>
    public static async Task<RpcException> Failure(this Task task)
    {
        try
        {
            await task.Soon();
        }
        catch (RpcException e)
        {
            return e;
        }

        throw new AssertionException("the call succeeded");
    }

    public static Task<RpcException> Failure<T>(this AsyncUnaryCall<T> call) => Failure(call.ResponseAsync);

    /// <summary>Waits for a condition that nobody announces.</summary>
    public static void Until(Func<bool> condition, string what) =>
        Assert.That(SpinWait.SpinUntil(condition, Patience), Is.True, what);
}
